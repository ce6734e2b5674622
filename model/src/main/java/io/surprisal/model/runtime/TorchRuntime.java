package io.surprisal.model.runtime;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;

/** The one PyTorch engine of this JVM, with the settings that everything here relies on. */
public final class TorchRuntime {

  /** On an H100 beside 16 cores 4 gave 0.96 of the throughput, 14 gave 0.84. */
  private static final int MOST_GPU_WORKERS = 8;

  private static final String THREADS = "ai.djl.pytorch.num_threads";

  private TorchRuntime() {}

  private static final class Holder {
    static final Engine ENGINE = start();

    private static Engine start() {
      setUnlessSet("ai.djl.offline", "true");
      // The optimising executor recompiles in the first calls, for minutes in the worst case.
      setUnlessSet("ai.djl.pytorch.graph_optimizer", "false");
      setUnlessSet(
          "ai.djl.pytorch.num_threads",
          Integer.toString(Runtime.getRuntime().availableProcessors()));
      Engine engine = Engine.getEngine("PyTorch");
      Nnpack.turnOff();
      return engine;
    }
  }

  /** The engine, loaded on first use (seconds when its native library must be unpacked). */
  public static Engine engine() {
    return Holder.ENGINE;
  }

  /**
   * Sets how many threads one operator uses, unless the user has set it. Only before {@link
   * #engine()} is first called. Scorers that run on several threads themselves want one: two
   * independent workers scale better than two threads in one operator.
   */
  public static void preferOperatorThreads(int threads) {
    setUnlessSet(THREADS, Integer.toString(threads));
  }

  /** Sets how many threads operators that this thread starts use from now on, for benchmarks. */
  public static void setOperatorThreads(int threads) {
    engine();
    JniUtils.setNumThreads(threads);
  }

  /** How many threads one operator uses. */
  public static int operatorThreads() {
    engine(); // has decided it
    return Integer.getInteger(THREADS);
  }

  /** How many GPUs PyTorch can use: none where its libraries or the driver lack CUDA. */
  public static int gpus() {
    return engine().hasCapability(StandardCapabilities.CUDA) ? CudaDriver.devices() : 0;
  }

  /**
   * How many workers keep a device busy that scores: on a CPU as many as its cores have operators
   * for; on a GPU as many as draw noise for it meanwhile.
   */
  public static int workers(Device device) {
    int cores = Runtime.getRuntime().availableProcessors();
    return device.isGpu()
        ? Math.min(cores, MOST_GPU_WORKERS)
        : Math.max(1, cores / operatorThreads());
  }

  /** How many workers keep several devices busy that score. */
  public static int workers(List<Device> devices) {
    return devices.stream().mapToInt(TorchRuntime::workers).sum();
  }

  /** How many parts of a batch a device trains on side by side. */
  public static int trainingWorkers(Device device) {
    return trainingWorkers(device, workers(device));
  }

  /** How many parts of a batch a device trains on where so many workers would score on it. */
  public static int trainingWorkers(Device device, int scoringWorkers) {
    return device.isGpu() ? 1 : scoringWorkers;
  }

  /** All memory of a device, bytes; of a container where this runs in one. */
  public static long memory(Device device) {
    return device.isGpu()
        ? CudaDriver.memory(device.getDeviceId())
        : ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getTotalMemorySize();
  }

  public static Model newModel(String name, Device device) {
    return engine().newModel(name, device);
  }

  /** Native arrays that are alive in this JVM: flat where nothing leaks. */
  public static int nativeHandles() {
    try (NDManager manager = engine().newBaseManager()) {
      return manager.getParentManager().getManagedArrays().size();
    }
  }

  private static void setUnlessSet(String key, String value) {
    if (System.getProperty(key) == null) {
      System.setProperty(key, value);
    }
  }
}
