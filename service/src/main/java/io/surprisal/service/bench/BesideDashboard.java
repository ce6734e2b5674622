package io.surprisal.service.bench;

import io.surprisal.service.run.TemporaryCluster;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/** What a dashboard and its readers beside a stream take of the stream's throughput. */
final class BesideDashboard {
  private final Class<?> mainClass;
  private final ServedStream stream;
  private final TemporaryCluster cluster;
  private final String topicPrefix;
  private final DashboardLoad.Plan plan;
  private final BooleanSupplier stop;

  /**
   * @param mainClass of the command that the dashboard's process runs
   * @param topicPrefix of the stream's topics
   * @param plan how many readers, and which heap
   * @param stop asked again and again
   */
  BesideDashboard(
      Class<?> mainClass,
      ServedStream stream,
      TemporaryCluster cluster,
      String topicPrefix,
      DashboardLoad.Plan plan,
      BooleanSupplier stop) {
    this.mainClass = mainClass;
    this.stream = stream;
    this.cluster = cluster;
    this.topicPrefix = topicPrefix;
    this.plan = plan;
    this.stop = stop;
  }

  /**
   * Images a second of each round.
   *
   * @param ratio median of beside over alone
   * @param processors that the dashboard used meanwhile, of the machine's, median
   */
  record Measured(List<Double> alone, List<Double> beside, double ratio, double processors) {
    static Measured of(List<Double> alone, List<Double> beside, List<Double> processors) {
      return new Measured(
          List.copyOf(alone),
          List.copyOf(beside),
          Median.of(
              IntStream.range(0, alone.size())
                  .mapToDouble(round -> beside.get(round) / alone.get(round))
                  .toArray()),
          Median.of(processors.stream().mapToDouble(p -> p).toArray()));
    }
  }

  /**
   * Measures, without and with a dashboard in turn.
   *
   * @param images of a run over a backlog
   */
  Measured measure(int rounds, int images) throws Exception {
    List<Double> alone = new ArrayList<>();
    List<Double> beside = new ArrayList<>();
    List<Double> processors = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      alone.add(stream.throughput(images));
      try (DashboardProcess dashboard =
              DashboardProcess.start(
                  mainClass, cluster, "beside-" + round, topicPrefix, plan.heapMebibytes(), stop);
          DashboardLoad.Pages pages =
              DashboardLoad.Pages.open(
                  dashboard, plan.readers(), plan.slowReaders(), PageReader.Asked.nothing())) {
        double busy = dashboard.processorSeconds();
        long start = System.nanoTime();
        beside.add(stream.throughput(images));
        processors.add(
            (dashboard.processorSeconds() - busy) / ((System.nanoTime() - start) * 1e-9));
      }
    }
    return Measured.of(alone, beside, processors);
  }
}
