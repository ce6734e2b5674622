package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.datasets.ImageSubset;
import io.surprisal.model.images.Damage;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.service.cli.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole loop on real images: a release trained on the seven classes of Fashion-MNIST that are
 * no shoes, then a stream of which 30 % are shoes. What came of it lies in {@code
 * target/new-classes.txt}.
 */
@EnabledIfSystemProperty(
    named = "surprisal.new-classes",
    matches = "true",
    disabledReason = "it takes an hour; -Dsurprisal.new-classes=true runs it")
@Tag("system")
class NewClassesTest {
  private static final Logger LOG = LoggerFactory.getLogger(NewClassesTest.class);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);
  private static final Path DATA =
      Path.of(Optional.ofNullable(System.getenv("SURPRISAL_DATA")).orElse("../../shared/data"));
  private static final Path REPORT = Path.of("target/new-classes.txt");
  private static final Duration PATIENCE = Duration.ofMinutes(50);
  private static final double ALERT_RATE = 0.01;
  private static final String MINUTES = System.getProperty("surprisal.new-classes.minutes", "12");

  /** What is new: sandals, sneakers, ankle boots. Usual are six kinds of clothes, and bags. */
  private static final Set<Integer> NEW =
      Arrays.stream(System.getProperty("surprisal.new-classes.labels", "5,7,9").split(","))
          .map(Integer::valueOf)
          .collect(Collectors.toSet());

  private static final double NEW_SHARE = 0.3;
  private static final int FIRST = 5000;
  private static final int MIXED = 3500;
  private static final int LATER = 1500;
  private static final int FOREIGN = 500;

  @TempDir private Path folder;
  private final Random random = new Random(1);
  private final List<String> report = new ArrayList<>();

  /** Images with what is known of them. */
  private record Labelled(ImageDataset images, byte[] labels) {
    static Labelled of(String name) throws IOException {
      Path directory = DATA.resolve("fashion-mnist");
      return new Labelled(
          ImageDatasets.open(List.of(directory.resolve(name + "-images-idx3-ubyte.gz"))),
          Idx.labels(directory.resolve(name + "-labels-idx1-ubyte.gz")));
    }

    int[] places(IntPredicate label) {
      return IntStream.range(0, labels.length).filter(i -> label.test(labels[i])).toArray();
    }
  }

  /** A published file: of each image, whether it is of a new class. */
  private record Part(String source, List<Boolean> isNew) {
    Predicate<ImageScore> images(boolean ofNewClasses) {
      return score ->
          score.getSource().equals(source)
              && isNew.get(
                      Integer.parseInt(
                          score.getImageId().substring(score.getImageId().lastIndexOf('#') + 1)))
                  == ofNewClasses;
    }
  }

  @Test
  @Timeout(2 * 3600)
  void shouldLearnNewClassesAndGoOnAlertingOnWhatIsForeign() throws Exception {
    assumeTrue(Files.isDirectory(DATA), DATA + " is not there; set SURPRISAL_DATA");
    Labelled training = Labelled.of("train");
    Labelled test = Labelled.of("t10k");
    int[] usual = training.places(label -> !NEW.contains(label));
    int[] unseen = training.places(NEW::contains);
    try (TrainerProcesses system =
            new TrainerProcesses(folder, new TrainerProcesses.Serving(List.of(), 8, ALERT_RATE));
        Records.Follower follower = new Records.Follower(system.server(), "surprisal.scores")) {
      system.scorer("scorer-1");
      system.scorer("scorer-2");
      system.trainer(
          "trainer", "--first-images", "4500", "--minutes", MINUTES, "--drift-time", "1ms");
      publish(system, "usual", new ImageSubset(training.images(), first(usual, 0, FIRST)));
      TrainerEvent first = system.await(TrainerEventType.RUN_PUBLISHED, 1, PATIENCE);
      say(first.getMessage());
      system.awaitServed(first.getReleaseId(), PATIENCE, "scorer-1", "scorer-2");
      system.await(
          "the waiting images are scored",
          PATIENCE,
          () -> TrainerProcesses.scores(follower, "usual").size() >= FIRST);
      assertThat(TrainerProcesses.scores(follower, "usual").stream().map(ImageScore::getImageId))
          .as("no image that waited is lost or scored twice")
          .doesNotHaveDuplicates()
          .hasSize(FIRST);

      Part mixed = mixed(system, "mixed", training, usual, unseen, FIRST, MIXED);
      TrainerEvent second = system.await(TrainerEventType.RUN_PUBLISHED, 2, PATIENCE);
      String why = system.events(TrainerEventType.RUN_STARTED).get(1).getMessage();
      say(why);
      say(second.getMessage());
      system.awaitServed(second.getReleaseId(), PATIENCE, "scorer-1", "scorer-2");

      Part later =
          mixed(
              system,
              "later",
              test,
              test.places(label -> !NEW.contains(label)),
              test.places(NEW::contains),
              0,
              LATER);
      ImageDataset digits =
          ImageDatasets.open(List.of(DATA.resolve("mnist/t10k-images-idx3-ubyte.gz")));
      publish(system, "mnist", new ImageSubset(digits, IntStream.range(0, FOREIGN).toArray()));
      publish(system, "damaged", damaged(test.images(), test.images().size() - FOREIGN));
      system.await(
          "all is scored",
          PATIENCE,
          () ->
              TrainerProcesses.scores(follower, "mixed").size() >= MIXED
                  && TrainerProcesses.scores(follower, "later").size() >= LATER
                  && TrainerProcesses.scores(follower, "mnist").size() >= FOREIGN
                  && TrainerProcesses.scores(follower, "damaged").size() >= FOREIGN);

      List<ImageScore> all = follower.poll().stream().map(r -> SCORES.decode(r.value())).toList();
      double before = share("usual, first release", all, first, s -> s.getSource().equals("usual"));
      double during = share("mixed, first release", all, first, s -> s.getSource().equals("mixed"));
      share("  of it usual classes", all, first, mixed.images(false));
      share("  of it new classes", all, first, mixed.images(true));
      double after =
          share("mixed, second release", all, second, s -> s.getSource().equals("later"));
      share("  of it usual classes", all, second, later.images(false));
      share("  of it new classes", all, second, later.images(true));
      double mnist =
          share("MNIST, second release", all, second, s -> s.getSource().equals("mnist"));
      double damaged =
          share("damaged, second release", all, second, s -> s.getSource().equals("damaged"));
      // The rate's standard deviation over calibrations of 700 images and 1,500 scores is below
      // 0.005: 0.03 lies four of them above 0.01.
      assertThat(before).as("alert rate before").isLessThan(0.03);
      assertThat(during).as("alerts rise").isGreaterThan(2 * before);
      assertThat(why).contains(first.getReleaseId());
      assertThat(after).as("alert rate on the new normal").isLessThan(0.03);
      assertThat(mnist).as("foreign images still alert").isGreaterThan(5 * after);
      assertThat(damaged).as("damaged images still alert").isGreaterThan(5 * after);
      variance("changed stream, first release", system, first);
      variance("changed stream, second release", system, second);
    } finally {
      Files.write(REPORT, report);
    }
  }

  private static int[] first(int[] places, int from, int count) {
    return IntStream.range(from, from + count).map(i -> places[i]).toArray();
  }

  private void publish(TrainerProcesses system, String source, ImageDataset images)
      throws IOException {
    Path file = folder.resolve(source + ".idx");
    Idx.write(file, images);
    system.publish(file, source);
  }

  private Part mixed(
      TrainerProcesses system,
      String source,
      Labelled data,
      int[] usual,
      int[] unseen,
      int from,
      int count)
      throws IOException {
    List<Integer> places = new ArrayList<>();
    int ofNew = (int) Math.round(NEW_SHARE * count);
    for (int i = 0; i < count; i++) {
      places.add(i < ofNew ? unseen[i] : usual[from + i]);
    }
    Collections.shuffle(places, random);
    publish(
        system,
        source,
        new ImageSubset(data.images(), places.stream().mapToInt(place -> place).toArray()));
    return new Part(
        source, places.stream().map(place -> NEW.contains((int) data.labels()[place])).toList());
  }

  /** Each kind of damage in turn. */
  private ImageDataset damaged(ImageDataset images, int from) {
    Damage[] kinds = Damage.values();
    return ImageDatasets.of(
        IntStream.range(0, FOREIGN)
            .mapToObj(i -> kinds[i % kinds.length].apply(images.image(from + i), random))
            .toList());
  }

  private double share(
      String what, List<ImageScore> all, TrainerEvent run, Predicate<ImageScore> which) {
    List<ImageScore> scores =
        all.stream()
            .filter(score -> score.getReleaseId().equals(run.getReleaseId()))
            .filter(which)
            .toList();
    double alerts = alerts(scores, score -> true);
    double surprising = alerts(scores, score -> score.getBitsPerDim() > score.getThreshold());
    say(
        String.format(
            Locale.ROOT,
            "%-30s %5d images, mean %.4f bits/dim, alerts %.4f, of low likelihood %.4f",
            what,
            scores.size(),
            scores.stream().mapToDouble(ImageScore::getBitsPerDim).average().orElse(Double.NaN),
            alerts,
            surprising));
    return alerts;
  }

  /** What one image's score varies by from seed to seed, on images of after the change. */
  private void variance(String what, TrainerProcesses system, TrainerEvent run) throws IOException {
    CommandRun measured =
        CommandRun.of(
            "bench",
            "variance",
            "--release",
            new ReleaseStore(system.store()).file(run.getReleaseId()).toString(),
            "--data",
            folder.resolve("later.idx").toString(),
            "--limit",
            "50",
            "--seeds",
            "10",
            "--evaluations",
            "8",
            "--json");
    assertThat(measured.exitCode()).as(measured.err()).isZero();
    for (JsonNode row : Json.MAPPER.readTree(measured.out()).get("rows")) {
      say(
          String.format(
              Locale.ROOT,
              "%-30s %-19s %2d evaluations, variance %.3e, with the release's control %.3e",
              what,
              row.get("times").asText(),
              row.get("evaluations").asInt(),
              row.get("variance").asDouble(),
              row.get("withControl").asDouble()));
    }
  }

  private static double alerts(List<ImageScore> scores, Predicate<ImageScore> why) {
    return scores.stream()
        .mapToInt(s -> s.getVerdict() == ScoreVerdict.ALERT && why.test(s) ? 1 : 0)
        .average()
        .orElse(Double.NaN);
  }

  private void say(String line) {
    LOG.info("{}", line);
    report.add(line);
  }
}
