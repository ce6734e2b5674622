package io.surprisal.model.runtime;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this processor's convolutions come out right, asked once a process, before the first.
 *
 * <p>oneDNN keeps channels in blocks of 16 and fills up the last one. With oneDNN 3.7.1 (libtorch
 * 2.7.1) on an AMD EPYC of family 26 (Zen 5), in a virtual machine that tells no cache sizes, what
 * it copies so lacks the channels of an incomplete block: they count as zero, or as what memory
 * held before. So it is with AVX2 as with AVX-512; whole blocks are right.
 */
public final class Convolutions {
  private static final Logger LOG = LoggerFactory.getLogger(Convolutions.class);

  /** What all of oneDNN's blocks divide. */
  private static final int WHOLE_BLOCK = 16;

  private Convolutions() {}

  private static final class Holder {
    static final int BLOCK = tried();

    private static int tried() {
      if (right(WHOLE_BLOCK + WHOLE_BLOCK / 2)) {
        return 1;
      }
      if (!right(2 * WHOLE_BLOCK)) {
        throw new IllegalStateException(
            "PyTorch's convolutions are wrong on this processor: set ONEDNN_MAX_CPU_ISA=SSE41 in"
                + " the environment, or use a GPU");
      }
      LOG.warn(
          "PyTorch's convolutions (oneDNN) lose channels on this processor where their number is no"
              + " multiple of {}; from here on all are filled up to one, which is right, and costs"
              + " little time",
          WHOLE_BLOCK);
      return WHOLE_BLOCK;
    }
  }

  /** A multiple of how many channels is to go in and to come out of a convolution: 1 for any. */
  public static int block(Device device) {
    return device.isGpu() ? 1 : Holder.BLOCK;
  }

  /** Ones convolved with ones, 3×3: in the middle each channel that goes in adds nine, exactly. */
  private static boolean right(int channels) {
    try (NDManager manager = TorchRuntime.engine().newBaseManager(Device.cpu())) {
      NDArray convolved =
          Conv2d.conv2d(
                  manager.ones(new Shape(2, channels, 3, 3)),
                  manager.ones(new Shape(WHOLE_BLOCK, channels, 3, 3)),
                  manager.zeros(new Shape(WHOLE_BLOCK)),
                  new Shape(1, 1),
                  new Shape(1, 1),
                  new Shape(1, 1),
                  1)
              .singletonOrThrow();
      for (float sum : convolved.get(":, :, 1, 1").toFloatArray()) {
        if (sum != 9 * channels) {
          return false;
        }
      }
      return true;
    }
  }
}
