package io.surprisal.service.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Processor time of this process by what its threads are for. */
final class ThreadTimes {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final double NANOS = 1e9;

  private final Map<Long, Spent> threads = new HashMap<>();
  private final long process;

  /** Processor time of a thread since its start. */
  private record Spent(String name, long nanos) {}

  private ThreadTimes() {
    for (long id : THREADS.getAllThreadIds()) {
      ThreadInfo info = THREADS.getThreadInfo(id);
      long time = THREADS.getThreadCpuTime(id);
      if (info != null && time >= 0) {
        threads.put(id, new Spent(info.getThreadName(), time));
      }
    }
    process =
        ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getProcessCpuTime();
  }

  /** The times of now. */
  static ThreadTimes now() {
    return new ThreadTimes();
  }

  /**
   * Seconds of processor time since then by kind of thread; {@code jvm} is what no Java thread
   * took: garbage collection and compilation.
   */
  Map<String, Double> since(ThreadTimes then) {
    Map<String, Double> seconds = new TreeMap<>();
    double all = 0;
    for (Map.Entry<Long, Spent> thread : threads.entrySet()) {
      Spent now = thread.getValue();
      Spent before = then.threads.getOrDefault(thread.getKey(), new Spent(now.name(), 0));
      double spent = (now.nanos() - before.nanos()) / NANOS;
      all += spent;
      seconds.merge(kind(now.name()), spent, Double::sum);
    }
    seconds.put("jvm", Math.max(0, (process - then.process) / NANOS - all));
    return seconds;
  }

  private static String kind(String thread) {
    if (thread.startsWith("scorer-")) {
      return "network";
    }
    if (thread.contains("StreamThread")) {
      return "stream";
    }
    if (thread.startsWith("bench-")) {
      return "benchmark";
    }
    return thread.startsWith("kafka-producer-network-thread") ? "producers" : "broker and others";
  }
}
