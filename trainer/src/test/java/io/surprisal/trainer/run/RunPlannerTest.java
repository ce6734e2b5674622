package io.surprisal.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.fit.PicturePlan;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Provenance;
import io.surprisal.model.release.Release;
import io.surprisal.trainer.SmallRuns;
import io.surprisal.trainer.StreamImages;
import io.surprisal.trainer.drift.CusumDetector;
import io.surprisal.trainer.drift.StreamShift;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.reservoir.ReservoirImage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A stream of 300 frames, one a second, of which the reservoir holds all but those beside what is
 * held out.
 */
@Tag("training")
class RunPlannerTest {
  private static final int FRAMES = 300;
  private static final double RATE = 0.05;

  @TempDir Path folder;
  private Reservoir reservoir;
  private ReleaseStore store;
  private Path run;

  @BeforeEach
  void open() throws IOException {
    reservoir = new Reservoir(folder.resolve("reservoir"), SmallRuns.BOUNDS);
    store = new ReleaseStore(folder.resolve("store"));
    run = folder.resolve("run");
  }

  @AfterEach
  void close() {
    reservoir.close();
  }

  private void fill() {
    reservoir.add(
        LongStream.range(0, FRAMES).mapToObj(StreamImages::frame).toList(),
        Map.of(0, (long) FRAMES));
  }

  /** Images in the reservoir. */
  private int kept() {
    int kept = reservoir.size(Reservoir.Pool.TRAINING_RECENT, Reservoir.Pool.HELD_OUT_RECENT);
    assertThat(kept).isBetween(240, FRAMES);
    return kept;
  }

  private void alertOn(LongPredicate offsets) {
    LongStream.range(0, FRAMES)
        .filter(offsets)
        .forEach(
            offset ->
                reservoir.markAlerted(
                    new ReservoirImage.Place(0, offset), StreamImages.START.plusSeconds(offset)));
  }

  private RunPlanner planner() {
    return new RunPlanner(SmallRuns.runs(), reservoir, store);
  }

  private static StreamShift shift(Optional<String> source, Instant since) {
    return new StreamShift(source, CusumDetector.Change.MORE_SURPRISING, since, 100);
  }

  private static RunOrder order(boolean includeAlerted, Optional<Instant> shiftedSince) {
    return order(Optional.empty(), false, includeAlerted, shiftedSince);
  }

  private static RunOrder order(
      Optional<String> active,
      boolean fromScratch,
      boolean includeAlerted,
      Optional<Instant> shiftedSince) {
    RunOrder order =
        RunOrder.due("run-1", "a test", active, Duration.ofSeconds(90), RATE)
            .carryingOut(List.of("c1"), fromScratch, includeAlerted);
    return shiftedSince.map(since -> order.since(shift(Optional.empty(), since))).orElse(order);
  }

  private List<PixelImage> written() throws IOException {
    ImageDataset images = ImageDatasets.open(List.of(RunImages.fileOfWhole(run)));
    return IntStream.range(0, images.size()).mapToObj(images::image).toList();
  }

  /** The frames of these offsets in some pools. */
  private List<PixelImage> frames(LongPredicate offsets, Reservoir.Pool... pools) {
    return StreamImages.in(reservoir, pools).stream()
        .filter(image -> offsets.test(image.offset()))
        .map(ReservoirImage::pixels)
        .toList();
  }

  private List<PixelImage> training(LongPredicate offsets) {
    return frames(offsets, Reservoir.Pool.TRAINING_RECENT, Reservoir.Pool.TRAINING_UNIFORM);
  }

  private List<PixelImage> heldOut(LongPredicate offsets) {
    return frames(offsets, Reservoir.Pool.HELD_OUT_RECENT);
  }

  private void assertPlanned(
      RunPlan plan,
      LongPredicate trainedOn,
      LongPredicate heldOutNormal,
      LongPredicate heldOutAlerted)
      throws IOException {
    List<PixelImage> all = written();
    int training = all.size() - plan.heldOut();
    int normal = all.size() - plan.alerted();
    assertThat(all.subList(0, training))
        .isNotEmpty()
        .containsExactlyInAnyOrderElementsOf(training(trainedOn));
    assertThat(all.subList(training, normal))
        .isNotEmpty()
        .containsExactlyInAnyOrderElementsOf(heldOut(heldOutNormal));
    assertThat(all.subList(normal, all.size()))
        .containsExactlyInAnyOrderElementsOf(heldOut(heldOutAlerted));
  }

  @Test
  void shouldTrainOnAllThatIsNotHeldOut() throws IOException {
    fill();
    RunPlan plan = planner().plan(run, order(false, Optional.empty()));
    assertPlanned(plan, i -> true, i -> true, i -> false);
    assertThat(plan.runId()).isEqualTo("run-1");
    assertThat(plan.trigger()).isEqualTo("a test");
    assertThat(plan.commands()).containsExactly("c1");
    assertThat(plan.parent()).isEmpty();
    assertThat(plan.warm()).isFalse();
    assertThat(plan.minutes()).isEqualTo(1.5);
    assertThat(plan.configuration()).isEqualTo(SmallRuns.FIT.fields());
    assertThat(plan.precision()).isIn("float32", "bfloat16");
    assertThat(plan.evaluations()).isEqualTo(SmallRuns.EVALUATIONS);
    assertThat(plan.alertRate()).isEqualTo(RATE);
    LongSummaryStatistics offsets =
        StreamImages.in(reservoir, Reservoir.Pool.values()).stream()
            .mapToLong(ReservoirImage::offset)
            .summaryStatistics();
    assertThat(plan.window())
        .containsExactly(
            new Provenance.Range("test.images", 0, offsets.getMin(), offsets.getMax()));
  }

  /** A trainer that was killed goes on with what was decided. */
  @Test
  void shouldLeaveThePlanBesideTheImages() throws IOException {
    fill();
    assertThat(RunPlan.isIn(run)).isFalse();
    RunPlan plan = planner().plan(run, order(false, Optional.empty()));
    assertThat(RunPlan.isIn(run)).isTrue();
    assertThat(RunPlan.read(run)).isEqualTo(plan);
  }

  @Test
  void shouldKeepImagesThatAlertedOutOfTraining() throws IOException {
    fill();
    alertOn(i -> i % 5 == 0);
    RunPlan plan = planner().plan(run, order(false, Optional.empty()));
    assertPlanned(plan, i -> i % 5 != 0, i -> i % 5 != 0, i -> i % 5 == 0);
    assertThat(plan.alerted()).isPositive();
  }

  @Test
  void shouldTakeImagesThatAlertedWhereItIsAskedTo() throws IOException {
    fill();
    alertOn(i -> i % 5 == 0);
    RunPlan plan = planner().plan(run, order(true, Optional.empty()));
    assertPlanned(plan, i -> true, i -> true, i -> false);
    assertThat(plan.alerted()).isZero();
  }

  /** From the shift on alerts are of the new normal, which alone is held out. */
  @Test
  void shouldCalibrateOnWhatCameSinceAShift() throws IOException {
    fill();
    alertOn(i -> i % 5 == 0);
    int since = 100;
    RunPlan plan =
        planner().plan(run, order(false, Optional.of(StreamImages.START.plusSeconds(since))));
    assertPlanned(plan, i -> i >= since || i % 5 != 0, i -> i >= since, i -> false);
    assertThat(plan.alerted()).isZero();
  }

  /** What a person says of every alert; before the images, their alerts, or after both. */
  private void review(LongPredicate offsets, Reservoir.Review review) {
    LongStream.range(0, FRAMES)
        .filter(offsets)
        .forEach(
            offset ->
                reservoir.markReviewed(
                    new ReservoirImage.Place(0, offset),
                    "%032x".formatted(offset),
                    review,
                    StreamImages.START.plusSeconds(offset)));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldTakeAFalseAlarmForNormalWheneverItIsSaid(boolean before) throws IOException {
    LongPredicate falseAlarms = i -> i % 10 == 0;
    if (before) {
      review(falseAlarms, Reservoir.Review.FALSE_ALARM);
    }
    fill();
    alertOn(i -> i % 5 == 0);
    if (!before) {
      review(falseAlarms, Reservoir.Review.FALSE_ALARM);
    }
    RunPlan plan = planner().plan(run, order(false, Optional.empty()));
    LongPredicate normal = i -> i % 5 != 0 || i % 10 == 0;
    assertPlanned(plan, normal, normal, i -> !normal.test(i));
    assertThat(plan.alerted()).isPositive();
  }

  /** Not with the images that alerted, not after a shift, and whether or not its alert is known. */
  @ParameterizedTest
  @CsvSource({"true, false", "true, true", "false, false", "false, true"})
  void shouldNeverTakeWhatWasConfirmed(boolean before, boolean alertsAreKnown) throws IOException {
    LongPredicate anomalies = i -> i % 10 == 0;
    LongPredicate alerts = i -> alertsAreKnown && i % 5 == 0;
    if (before) {
      review(anomalies, Reservoir.Review.CONFIRMED);
    }
    fill();
    alertOn(alerts);
    if (!before) {
      review(anomalies, Reservoir.Review.CONFIRMED);
    }
    RunPlan due = planner().plan(run, order(false, Optional.empty()));
    LongPredicate normal = i -> !alerts.test(i) && !anomalies.test(i);
    assertPlanned(due, normal, normal, i -> alerts.test(i) && !anomalies.test(i));

    LongPredicate unconfirmed = i -> !anomalies.test(i);
    RunPlan asked = planner().plan(run, order(true, Optional.empty()));
    assertPlanned(asked, unconfirmed, unconfirmed, i -> false);

    int since = 100;
    RunPlan shifted =
        planner().plan(run, order(false, Optional.of(StreamImages.START.plusSeconds(since))));
    assertPlanned(
        shifted,
        i -> unconfirmed.test(i) && (i >= since || !alerts.test(i)),
        i -> unconfirmed.test(i) && i >= since,
        i -> false);
  }

  /**
   * Only one source has changed: what the other one sends stays as it was, its alerts in
   * quarantine, its older images in the calibration.
   */
  @Test
  void shouldTakeTheShiftOfOneSourceForItsOwn() throws IOException {
    List<ReservoirImage> images = new ArrayList<>();
    for (int i = 0; i < FRAMES; i++) {
      images.add(
          StreamImages.image(i % 2 == 0 ? "changed" : "same", i, StreamImages.frame(i).pixels()));
    }
    reservoir.add(images, Map.of(0, (long) FRAMES));
    alertOn(i -> i % 5 == 0);
    int since = 100;
    StreamShift shift = shift(Optional.of("changed"), StreamImages.START.plusSeconds(since));
    RunPlan plan = planner().plan(run, order(false, Optional.empty()).since(shift));
    assertPlanned(
        plan,
        i -> (i % 2 == 0 && i >= since) || i % 5 != 0,
        i -> i % 2 == 0 ? i >= since : i % 5 != 0,
        i -> i % 2 == 1 && i % 5 == 0);
  }

  /** A release calibrates each apart. */
  @Test
  void shouldKeepTheSourceOfEachImage() throws IOException {
    List<ReservoirImage> images = new ArrayList<>();
    for (int i = 0; i < FRAMES; i++) {
      images.add(
          StreamImages.image(i % 3 == 0 ? "left" : "right", i, StreamImages.frame(i).pixels()));
    }
    reservoir.add(images, Map.of(0, (long) FRAMES));
    planner().plan(run, order(false, Optional.empty()));

    ImageDataset all =
        ((RunImages.Whole) RunImages.in(run, Optional.empty(), Interpretation.usual())).images();

    assertThat(all.size()).isEqualTo(kept());
    for (int i = 0; i < all.size(); i++) {
      PixelImage image = all.image(i);
      String source =
          images.stream()
              .filter(of -> of.pixels().equals(image))
              .findFirst()
              .orElseThrow()
              .source();
      assertThat(all.source(i)).isEqualTo(source);
    }
  }

  @Test
  void shouldSayWhichPartOfEachPartitionTheImagesLieIn() throws IOException {
    List<ReservoirImage> images = new ArrayList<>();
    for (int i = 0; i < FRAMES; i++) {
      ReservoirImage frame = StreamImages.frame(i);
      images.add(
          new ReservoirImage(
              frame.source(), 2 - i % 3, 1000 + i / 3, frame.arrived(), frame.pixels()));
    }
    reservoir.add(images, Map.of());
    RunPlan plan = planner().plan(run, order(false, Optional.empty()));
    assertThat(plan.window())
        .containsExactly(
            new Provenance.Range("test.images", 0, 1000, 1099),
            new Provenance.Range("test.images", 1, 1000, 1099),
            new Provenance.Range("test.images", 2, 1000, 1099));
  }

  /** The commonest shape is 40×20; a colour image has no place in it. */
  @Test
  void shouldSeeSmallImagesInTheShapeThatMostHave() throws IOException {
    SurfaceCamera camera = new SurfaceCamera(5, 0, 40);
    List<ReservoirImage> images = new ArrayList<>();
    for (int i = 0; i < FRAMES; i++) {
      byte[] half = Arrays.copyOf(camera.frame(i).image().pixels(), 800);
      images.add(
          StreamImages.image(
              "a",
              i,
              i % 4 == 0 ? new PixelImage(1, 20, 40, half) : new PixelImage(1, 40, 20, half)));
    }
    byte[] red = new byte[1200];
    Arrays.fill(red, 0, 400, (byte) 200); // grey pixels would do for a network of grey images
    images.add(StreamImages.image("a", FRAMES, new PixelImage(3, 20, 20, red)));
    reservoir.add(images, Map.of());
    RunPlan plan = planner().plan(run, order(false, Optional.empty()));
    List<PixelImage> all = written();
    assertThat(all).hasSize(kept() - (isKept(FRAMES) ? 1 : 0));
    assertThat(all).allMatch(image -> image.height() == 40 && image.width() == 20);
    assertThat(plan.tiled()).isEmpty();
  }

  private boolean isKept(long offset) {
    return StreamImages.in(reservoir, Reservoir.Pool.values()).stream()
        .anyMatch(image -> image.offset() == offset);
  }

  private void fillWithPictures() {
    SurfaceCamera camera = new SurfaceCamera(5, 0, 96);
    for (int i = 0; i < FRAMES; i++) {
      reservoir.add(
          List.of(StreamImages.image("a", i, camera.frame(i).image().crop(0, 0, 72, 96))),
          Map.of());
    }
  }

  /** Not shrunk until what is wrong with them is gone. */
  @Test
  void shouldSeeLargerPicturesByTiles() throws IOException {
    fillWithPictures();
    RunPlan plan = planner().plan(run, order(false, Optional.empty()));
    assertThat(plan.tiled().orElseThrow().tiling().orElseThrow().reduction()).isEqualTo(1);
    assertThat(plan.tiled().orElseThrow().height()).isEqualTo(32);
    RunImages images = RunImages.in(run, plan.tiled(), Interpretation.usual());
    assertThat(images.size()).isEqualTo(kept());
    assertThat(plan.heldOut())
        .isEqualTo(reservoir.size(Reservoir.Pool.HELD_OUT_RECENT))
        .isGreaterThan(40);
    List<PixelImage> all =
        IntStream.range(0, images.size())
            .mapToObj(i -> ((RunImages.Pictures) images).pictures().image(i))
            .toList();
    int training = images.size() - plan.heldOut();
    assertThat(all.subList(0, training)).containsExactlyInAnyOrderElementsOf(training(i -> true));
    assertThat(all.subList(training, all.size()))
        .containsExactlyInAnyOrderElementsOf(heldOut(i -> true));
    assertThat(RunPlan.read(run)).isEqualTo(plan);
  }

  @Test
  void shouldShrinkPicturesAndCutThemAsSet() throws IOException {
    fillWithPictures();
    PicturePlan.Wishes wishes =
        new PicturePlan.Wishes(OptionalInt.of(2), OptionalInt.of(16), OptionalInt.empty());
    RunPlan plan =
        new RunPlanner(SmallRuns.runs(Optional.of(SmallRuns.FIT), wishes), reservoir, store)
            .plan(run, order(false, Optional.empty()));
    assertThat(plan.tiled().orElseThrow().tiling().orElseThrow().reduction()).isEqualTo(2);
    assertThat(plan.tiled().orElseThrow().shape()).isEqualTo(new ImageShape(1, 16, 16));
  }

  @Test
  void shouldSayWhatIsWrongWithWhatIsSet() {
    fillWithPictures();
    PicturePlan.Wishes wishes =
        new PicturePlan.Wishes(OptionalInt.of(8), OptionalInt.of(32), OptionalInt.empty());
    RunPlanner planner =
        new RunPlanner(SmallRuns.runs(Optional.of(SmallRuns.FIT), wishes), reservoir, store);
    assertThatIllegalStateException()
        .isThrownBy(() -> planner.plan(run, order(false, Optional.empty())))
        .withMessageContaining("smaller than a tile");
  }

  /** A third of those held out shows what is usual where, and is no part of the calibration. */
  @Test
  void shouldNeedMoreHeldOutPicturesThanImages() {
    fillWithPictures();
    int held = reservoir.size(Reservoir.Pool.HELD_OUT_RECENT);
    RunOrder order =
        RunOrder.due("run-1", "a test", Optional.empty(), Duration.ofSeconds(90), 1.0 / held);
    assertThat(planner().lack(1.0 / held)).isEmpty();
    assertThat(planner().lackOfFirst(1.0 / held)).as("no run begins that must fail").isPresent();
    assertThat(planner().lackOfFirst(2.0 / held)).isEmpty();
    assertThatIllegalStateException()
        .isThrownBy(() -> planner().plan(run, order))
        .withMessageContaining(held + " pictures are held out")
        .withMessageContaining("needs " + held);
  }

  @Test
  void shouldNotScaleSmallerImages() throws IOException {
    fill();
    planner().plan(run, order(false, Optional.empty()));
    assertThat(written()).allMatch(image -> image.height() == StreamImages.SIDE);
  }

  @Test
  void shouldGoOnFromTheActiveReleaseUnlessToldToStartAnew() throws IOException {
    fill();
    ImageDataset half = new SurfaceCamera(5, 0, 16).normalFrames(0, 10);
    Path file = folder.resolve("parent");
    Release parent = SmallRuns.train(file, half, 1, Optional.empty());
    store.put(file, parent);
    RunSettings settings =
        SmallRuns.runs(
            Optional.of(SmallRuns.FIT.with(Map.of("embedding", 12))), SmallRuns.NO_WISHES);
    RunPlanner planner = new RunPlanner(settings, reservoir, store);
    RunPlan warm =
        planner.plan(run, order(Optional.of(parent.id()), false, false, Optional.empty()));
    assertThat(warm.warm()).isTrue();
    assertThat(warm.parent()).isEqualTo(parent.id());
    assertThat(warm.configuration()).isEqualTo(parent.training().configuration());
    RunPlan anew =
        planner.plan(run, order(Optional.of(parent.id()), true, false, Optional.empty()));
    assertThat(anew.warm()).isFalse();
    assertThat(anew.parent()).isEqualTo(parent.id()); // it is compared with it all the same
    assertThat(anew.configuration()).containsEntry("embedding", 12);
  }

  /** Nobody knows how an imported release was trained; its network is known all the same. */
  @Test
  void shouldStartFromTheActiveReleaseWhereItsTrainingIsNotKnown() throws IOException {
    fill();
    Path file = folder.resolve("parent");
    Release parent = Release.untrained(file, SmallRuns.FIT.model(new ImageShape(1, 16, 16)), 1);
    store.put(file, parent);
    RunPlan plan =
        planner().plan(run, order(Optional.of(parent.id()), false, false, Optional.empty()));
    assertThat(plan.warm()).isTrue();
    assertThat(plan.configuration()).containsEntry("embedding", 8);
    assertThat(plan.parent()).isEqualTo(parent.id());
  }

  @Test
  void shouldSayWhatARunLacks() {
    assertThat(planner().lack(RATE).orElseThrow())
        .contains(
            "0 images to train on and 0 to calibrate on (of 0 held out), a run needs 64 and 20")
        .contains("alert rate of 0.05");
    fill();
    assertThat(planner().lack(RATE)).isEmpty();
    int held = reservoir.size(Reservoir.Pool.HELD_OUT_RECENT);
    assertThat(planner().lack(1.0 / held)).isEmpty();
    assertThat(planner().lack(1.0 / (held + 0.5)).orElseThrow())
        .contains(held + " held out")
        .contains("and " + (held + 1) + " (for");
  }

  @Test
  void shouldNeedHeldOutImagesFromAfterTheShift() {
    fill();
    Instant early = StreamImages.START.plusSeconds(100);
    assertThat(planner().lack(RATE, shift(Optional.empty(), early))).isEmpty();
    int since = FRAMES - 10;
    assertThat(
            planner()
                .lack(RATE, shift(Optional.empty(), StreamImages.START.plusSeconds(since)))
                .orElseThrow())
        .contains(heldOut(i -> i >= since).size() + " held out");
  }

  /** An image in the window and in the sample is one. */
  @Test
  void shouldCountAnImageOnceHoweverManyPoolsHoldIt() {
    reservoir.add(LongStream.range(0, 80).mapToObj(StreamImages::frame).toList(), Map.of());
    int training = training(i -> true).size();
    assertThat(training).isBetween(40, 63);
    assertThat(planner().lack(0.5).orElseThrow()).contains(training + " images to train on");
  }

  @Test
  void shouldPlanNoRunWhereTooFewImagesAreWithoutAlerts() {
    fill();
    alertOn(i -> i >= 80);
    assertThatIllegalStateException()
        .isThrownBy(() -> planner().plan(run, order(false, Optional.empty())))
        .withMessageContaining("raised no alerts")
        .withMessageContaining("includeAlerted");
    assertThat(RunPlan.isIn(run)).isFalse();
  }
}
