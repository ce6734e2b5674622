package io.surprisal.model.runtime;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;

/**
 * What NVIDIA's driver says of the GPUs that this process may use ({@code CUDA_VISIBLE_DEVICES}),
 * where PyTorch has found that there are some. DJL asks the CUDA runtime instead, which it does not
 * find where only libtorch brings one, under a name of its own.
 */
final class CudaDriver {
  private static final String LIBRARY = Platform.isWindows() ? "nvcuda" : "libcuda.so.1";

  private CudaDriver() {}

  /** CUDA driver API; 0 is success. */
  private interface Functions extends Library {
    int cuInit(int flags);

    int cuDeviceGetCount(IntByReference count);

    int cuDeviceGet(IntByReference device, int ordinal);

    int cuDeviceTotalMem_v2(LongByReference bytes, int device);
  }

  private static final class Holder {
    static final Functions DRIVER = load();

    private static Functions load() {
      Functions driver = Native.load(LIBRARY, Functions.class);
      requireSuccess(driver.cuInit(0), "cuInit");
      return driver;
    }
  }

  /**
   * How many GPUs there are.
   *
   * @throws LinkageError if there is no driver
   * @throws IllegalStateException if the driver fails
   */
  static int devices() {
    IntByReference count = new IntByReference();
    requireSuccess(Holder.DRIVER.cuDeviceGetCount(count), "cuDeviceGetCount");
    return count.getValue();
  }

  /**
   * All memory of a GPU, bytes.
   *
   * @throws LinkageError if there is no driver
   * @throws IllegalStateException if the driver fails
   */
  static long memory(int ordinal) {
    IntByReference device = new IntByReference();
    requireSuccess(Holder.DRIVER.cuDeviceGet(device, ordinal), "cuDeviceGet");
    LongByReference bytes = new LongByReference();
    requireSuccess(Holder.DRIVER.cuDeviceTotalMem_v2(bytes, device.getValue()), "cuDeviceTotalMem");
    return bytes.getValue();
  }

  private static void requireSuccess(int status, String function) {
    if (status != 0) {
      throw new IllegalStateException(
          function + " of NVIDIA's driver fails with CUDA error " + status);
    }
  }
}
