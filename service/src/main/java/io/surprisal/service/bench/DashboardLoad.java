package io.surprisal.service.bench;

import io.surprisal.schemas.Topics;
import io.surprisal.service.run.TemporaryCluster;
import java.net.http.HttpClient;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** A storm of alerts, the dashboard in a process of its own, and pages that are open meanwhile. */
final class DashboardLoad {
  /** The first of these seconds are a start that does not count. */
  private static final double WARM_UP_SECONDS = 5;

  private final Class<?> mainClass;
  private final TemporaryCluster cluster;
  private final Topics topics;
  private final String topicPrefix;
  private final BooleanSupplier stop;

  /**
   * @param mainClass of the command that the dashboard's process runs
   * @param topics of the prefix, which are empty
   * @param stop asked again and again
   */
  DashboardLoad(
      Class<?> mainClass,
      TemporaryCluster cluster,
      Topics topics,
      String topicPrefix,
      BooleanSupplier stop) {
    this.mainClass = mainClass;
    this.cluster = cluster;
    this.topics = topics;
    this.topicPrefix = topicPrefix;
    this.stop = stop;
  }

  /**
   * What is measured.
   *
   * @param rate alerts a second
   * @param seconds that they come
   * @param readers open pages
   * @param slowReaders of these, those that take an event in two seconds
   * @param heapMebibytes of the dashboard
   */
  record Plan(double rate, double seconds, int readers, int slowReaders, int heapMebibytes) {}

  /**
   * What was measured.
   *
   * @param storm what was published
   * @param readers what each heard
   * @param answers by kind of question
   * @param ageOfTheNewest of the newest alert in the feed when it arrived, from when its image was
   *     taken, milliseconds
   * @param residentMebibytes of the dashboard's process at the end of the storm
   * @param peakResidentMebibytes at most
   * @param processors that the dashboard used, of the machine's, on average
   */
  record Measured(
      AlertStorm.Published storm,
      List<PageReader.Heard> readers,
      List<ResponseTimes> answers,
      ResponseTimes ageOfTheNewest,
      double residentMebibytes,
      double peakResidentMebibytes,
      double processors) {

    /** Events of the readers that keep up: of the one with the fewest. */
    int fewestEvents() {
      return readers.stream()
          .filter(reader -> !reader.slow())
          .mapToInt(PageReader.Heard::events)
          .min()
          .orElse(0);
    }

    /** Longest time without an event, of the readers that keep up, milliseconds. */
    double longestGapMillis() {
      return readers.stream()
          .filter(reader -> !reader.slow())
          .mapToDouble(PageReader.Heard::longestGapMillis)
          .max()
          .orElse(Double.NaN);
    }

    /** How often the server has let a reader go. */
    int reconnections() {
      return readers.stream().mapToInt(reader -> Math.max(0, reader.connections() - 1)).sum();
    }
  }

  /**
   * Measures.
   *
   * @param opened is told the page's address when it can be opened in a browser, which then is one
   *     reader more
   * @throws StoppedException if it was stopped
   */
  Measured measure(Plan plan, Consumer<String> opened) throws Exception {
    try (AlertStorm storm = new AlertStorm(cluster.bootstrapServer(), topics, stop);
        DashboardProcess dashboard =
            DashboardProcess.start(
                mainClass, cluster, "dashboard", topicPrefix, plan.heapMebibytes(), stop)) {
      storm.publish(plan.rate(), (long) (plan.rate() * WARM_UP_SECONDS));
      opened.accept(dashboard.addressWithToken());
      return measure(plan, storm, dashboard);
    }
  }

  private Measured measure(Plan plan, AlertStorm storm, DashboardProcess dashboard)
      throws Exception {
    PageReader.Asked asked = PageReader.Asked.nothing();
    double busyBefore = dashboard.processorSeconds();
    try (Pages pages = Pages.open(dashboard, plan.readers(), plan.slowReaders(), asked)) {
      AlertStorm.Published published =
          storm.publish(plan.rate(), (long) (plan.rate() * plan.seconds()));
      dashboard.requireAlive();
      ProcessMemory memory = dashboard.memory();
      return new Measured(
          published,
          pages.heard(),
          List.of(asked.feed().summed(), asked.picture().summed(), asked.alert().summed()),
          asked.age().summed(),
          memory.residentMebibytes(),
          memory.peakMebibytes(),
          (dashboard.processorSeconds() - busyBefore) / published.seconds());
    }
  }

  /** Open pages; {@link #close} closes them all. */
  record Pages(List<PageReader> readers) implements AutoCloseable {
    static Pages open(DashboardProcess dashboard, int readers, int slow, PageReader.Asked asked) {
      HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
      return new Pages(
          IntStream.range(0, readers)
              .mapToObj(i -> new PageReader(dashboard.address(), http, asked, i < slow))
              .toList());
    }

    List<PageReader.Heard> heard() {
      return readers.stream().map(PageReader::heard).toList();
    }

    @Override
    public void close() {
      readers.forEach(PageReader::close);
    }
  }
}
