package io.surprisal.trainer.reservoir;

import static io.surprisal.trainer.reservoir.Reservoir.Pool.HELD_OUT_RECENT;
import static io.surprisal.trainer.reservoir.Reservoir.Pool.HELD_OUT_UNIFORM;
import static io.surprisal.trainer.reservoir.Reservoir.Pool.TRAINING_RECENT;
import static io.surprisal.trainer.reservoir.Reservoir.Pool.TRAINING_UNIFORM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.images.PixelImage;
import io.surprisal.trainer.StreamImages;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReservoirTest {
  private static final ReservoirBounds BOUNDS =
      new ReservoirBounds(100, 200, 0.2, Duration.ofHours(10), 1L << 30);

  private static final Reservoir.Pool[] TRAINING = {TRAINING_RECENT, TRAINING_UNIFORM};
  private static final Reservoir.Pool[] HELD_OUT = {HELD_OUT_RECENT, HELD_OUT_UNIFORM};
  private static final int BATCH = 500;

  @TempDir Path folder;
  private Reservoir reservoir;

  @BeforeEach
  void open() throws IOException {
    reservoir = new Reservoir(folder.resolve("reservoir"), BOUNDS);
  }

  @AfterEach
  void close() {
    reservoir.close();
  }

  /** Images of these offsets from a source, in batches as a consumer brings them. */
  private void fill(String source, long from, long to) {
    for (long first = from; first < to; first += BATCH) {
      long last = Math.min(to, first + BATCH);
      reservoir.add(
          LongStream.range(first, last).mapToObj(i -> StreamImages.small(source, i)).toList(),
          Map.of(0, last));
    }
  }

  private List<ReservoirImage> of(String source, Reservoir.Pool... pools) {
    return StreamImages.in(reservoir, pools).stream()
        .filter(image -> image.source().equals(source))
        .toList();
  }

  @Test
  void shouldKeepEveryPoolWithinItsBound() {
    fill("a", 0, 3000);
    assertThat(reservoir.size(TRAINING_RECENT)).isEqualTo(80);
    assertThat(reservoir.size(TRAINING_UNIFORM)).isEqualTo(160);
    assertThat(reservoir.size(HELD_OUT_RECENT)).isEqualTo(20);
    assertThat(reservoir.size(HELD_OUT_UNIFORM)).isEqualTo(40);
    assertThat(reservoir.seen()).isEqualTo(3000);
    for (Reservoir.Pool pool : Reservoir.Pool.values()) {
      assertThat(StreamImages.in(reservoir, pool)).hasSize(reservoir.size(pool));
    }
  }

  @Test
  void shouldKeepSoManyBytesAndNoMoreThoughMoreImagesWouldFit() throws IOException {
    int most = 40_000;
    try (Reservoir small =
        new Reservoir(
            folder.resolve("small"),
            new ReservoirBounds(10_000, 10_000, 0.2, Duration.ofDays(1), most))) {
      small.add(
          LongStream.range(0, 3000).mapToObj(i -> StreamImages.small("a", i)).toList(), Map.of());
      requireAboutHalf(small, most);
    }
    try (Reservoir again =
        new Reservoir(
            folder.resolve("small"),
            new ReservoirBounds(10_000, 10_000, 0.2, Duration.ofDays(1), most / 2))) {
      again.add(List.of(StreamImages.small("a", 3000)), Map.of());
      requireAboutHalf(again, most / 2);
    }
  }

  /** Both windows and both samples have half of the bytes, but for less than an image each. */
  private static void requireAboutHalf(Reservoir reservoir, int most) {
    int image = StoredForm.value(StreamImages.small("a", 0)).length;
    for (List<Reservoir.Pool> half :
        List.of(
            List.of(TRAINING_RECENT, HELD_OUT_RECENT),
            List.of(TRAINING_UNIFORM, HELD_OUT_UNIFORM))) {
      assertThat(reservoir.size(half.toArray(Reservoir.Pool[]::new)) * image)
          .isBetween(most / 2 - 2 * image, most / 2);
    }
    assertThat(StreamImages.in(reservoir, TRAINING_RECENT))
        .hasSize(reservoir.size(TRAINING_RECENT));
  }

  @Test
  void shouldKeepTheNewestImagesInTheWindow() throws IOException {
    fill("a", 0, 3000);
    try (Reservoir large =
        new Reservoir(
            folder.resolve("large"),
            new ReservoirBounds(9000, 0, 0.2, Duration.ofDays(1), 1L << 30))) {
      large.add(
          LongStream.range(0, 3000).mapToObj(i -> StreamImages.small("a", i)).toList(), Map.of());
      for (Reservoir.Pool pool : List.of(TRAINING_RECENT, HELD_OUT_RECENT)) {
        List<ReservoirImage> all = StreamImages.in(large, pool);
        assertThat(StreamImages.in(reservoir, pool))
            .isEqualTo(all.subList(all.size() - reservoir.size(pool), all.size()));
      }
    }
  }

  @Test
  void shouldShareTheBoundBetweenSourcesThoseTooThatJoinLater() {
    fill("a", 0, 2000);
    fill("b", 2000, 4000);
    for (String source : List.of("a", "b")) {
      assertThat(of(source, TRAINING_RECENT)).hasSize(40);
      assertThat(of(source, TRAINING_UNIFORM)).hasSize(80);
      assertThat(of(source, HELD_OUT_RECENT)).hasSize(10);
      assertThat(of(source, HELD_OUT_UNIFORM)).hasSize(20);
    }
    fill("c", 4000, 6000);
    for (Reservoir.Pool pool : Reservoir.Pool.values()) {
      int all = pool.isHeldOut() ? 20 : 80;
      int bound = pool.isRecent() ? all : 2 * all;
      assertThat(reservoir.size(pool)).isEqualTo(bound);
      for (String source : List.of("a", "b", "c")) {
        assertThat(of(source, pool).size()).isBetween(bound / 3, bound / 3 + 1);
      }
    }
  }

  /** 200 names, each with as many images as the honest source has. */
  @Test
  void shouldGiveNewNamesOneShareTogetherBeyondTheFirstSources() {
    fill("honest", 0, 2000);
    for (int i = 0; i < 200; i++) {
      fill("new " + i, 10_000 + 10 * i, 10_000 + 10 * i + 10);
    }
    int share = reservoir.size(TRAINING_RECENT) / (ApartSources.MOST + 1);
    assertThat(share).isPositive();
    assertThat(of("honest", TRAINING_RECENT)).hasSizeGreaterThanOrEqualTo(share);
  }

  /** A producer that names a source for every image must not fill the disk. */
  @Test
  void shouldKeepWithinItsBoundsHoweverManySourcesThereAre() {
    for (int first = 0; first < 2000; first += BATCH) {
      List<ReservoirImage> images = new ArrayList<>();
      for (int i = first; i < first + BATCH; i++) {
        images.add(StreamImages.small("source " + i, i));
      }
      reservoir.add(images, Map.of());
    }
    assertThat(reservoir.size(TRAINING_RECENT)).isEqualTo(80);
    assertThat(reservoir.size(TRAINING_UNIFORM)).isEqualTo(160);
    assertThat(reservoir.size(HELD_OUT_RECENT)).isEqualTo(20);
    assertThat(reservoir.size(HELD_OUT_UNIFORM)).isEqualTo(40);
  }

  /**
   * The sample of 20 equal parts of the stream: χ² with 19 degrees of freedom exceeds 43.8 with
   * probability 0.001, were the hashes drawn anew.
   */
  @Test
  void shouldSampleTheStreamUniformlyThoughItsShareShrinks() {
    fill("a", 0, 10_000);
    assertUniform(of("a", TRAINING_UNIFORM), 0, 160);
    fill("b", 10_000, 20_000);
    assertUniform(of("a", TRAINING_UNIFORM), 0, 80);
    assertUniform(of("b", TRAINING_UNIFORM), 10_000, 80);
  }

  private static void assertUniform(List<ReservoirImage> sample, long start, int size) {
    assertThat(sample).hasSize(size);
    int parts = 20;
    long[] counts = new long[parts];
    sample.forEach(image -> counts[(int) ((image.offset() - start) * parts / 10_000)]++);
    double expected = (double) size / parts;
    double chiSquare = 0;
    for (long count : counts) {
      chiSquare += Math.pow(count - expected, 2) / expected;
    }
    assertThat(chiSquare).isLessThan(43.8);
  }

  /** A tenth lies in the gaps beside what is held out. */
  @Test
  void shouldHoldOutItsShare() throws IOException {
    try (Reservoir large =
        new Reservoir(
            folder.resolve("large"),
            new ReservoirBounds(40_000, 0, 0.2, Duration.ofDays(1), 1L << 30))) {
      large.add(
          LongStream.range(0, 20_000).mapToObj(i -> StreamImages.small("a", i)).toList(), Map.of());
      assertThat(large.size(HELD_OUT_RECENT) / 20_000.0).isCloseTo(0.2, within(0.005));
      assertThat(large.size(TRAINING_RECENT) / 20_000.0).isCloseTo(0.7, within(0.005));
      assertThat(large.size(HELD_OUT_UNIFORM) + large.size(TRAINING_UNIFORM)).isZero();
      assertThat(large.seen()).isEqualTo(20_000);
    }
  }

  /** Frames of a camera are nearly the same as those before and after them. */
  @Test
  void shouldTrainOnNoNeighbourOfWhatIsHeldOut() {
    fill("a", 100_000, 100_100);
    Set<Long> training =
        StreamImages.in(reservoir, TRAINING).stream()
            .map(ReservoirImage::offset)
            .collect(Collectors.toSet());
    List<ReservoirImage> heldOut = StreamImages.in(reservoir, HELD_OUT);
    assertThat(training).isNotEmpty();
    assertThat(heldOut)
        .isNotEmpty()
        .allSatisfy(
            image ->
                assertThat(training)
                    .doesNotContainAnyElementsOf(
                        LongStream.rangeClosed(image.offset() - 8, image.offset() + 8)
                            .boxed()
                            .toList()));
  }

  /** Every image comes three times, from two sources. */
  @Test
  void shouldNeverHoldOutWhatItTrainsOn() {
    for (int i = 0; i < 100; i++) {
      PixelImage pixels = StreamImages.small("any", i).pixels();
      reservoir.add(
          List.of(
              StreamImages.image("a", i, pixels),
              StreamImages.image("a", i + 100, pixels),
              StreamImages.image("b", i + 200, pixels)),
          Map.of());
    }
    Set<PixelImage> training =
        StreamImages.in(reservoir, TRAINING).stream()
            .map(ReservoirImage::pixels)
            .collect(Collectors.toSet());
    Set<PixelImage> heldOut =
        StreamImages.in(reservoir, HELD_OUT).stream()
            .map(ReservoirImage::pixels)
            .collect(Collectors.toSet());
    assertThat(training).isNotEmpty().doesNotContainAnyElementsOf(heldOut);
    assertThat(heldOut).isNotEmpty();
  }

  /** It would be nearly all of the calibration, and so would say that all else is an anomaly. */
  @Test
  void shouldHoldOutAFrozenPictureOnce() {
    PixelImage frozen = StreamImages.small("any", 1).pixels();
    long first = place(HeldOutBlocks.Use.HELD_OUT, 0);
    for (long offset = first; offset < first + 1000; offset++) {
      reservoir.add(List.of(StreamImages.image("a", offset, frozen)), Map.of());
    }
    assertThat(reservoir.size(HELD_OUT_RECENT)).isEqualTo(1);
    assertThat(reservoir.size(HELD_OUT_UNIFORM)).isEqualTo(1);
    assertThat(reservoir.size(TRAINING)).isZero();
    assertThat(reservoir.seen()).isEqualTo(1000);
  }

  /** One that is forgotten may be for the other. */
  @Test
  void shouldRememberWhatImagesAreForAsLongAsItHasThem() throws IOException {
    PixelImage pixels = StreamImages.small("any", 1).pixels();
    long training = place(HeldOutBlocks.Use.TRAINING, 0);
    long heldOut = place(HeldOutBlocks.Use.HELD_OUT, training);
    reservoir.add(List.of(StreamImages.image("a", training, pixels)), Map.of());
    reservoir.close();
    open();
    reservoir.add(List.of(StreamImages.image("a", heldOut, pixels)), Map.of());
    assertThat(reservoir.size(TRAINING_RECENT)).isEqualTo(2);
    assertThat(reservoir.size(HELD_OUT)).isZero();

    reservoir.dropOld(StreamImages.START.plusSeconds(1000).plus(BOUNDS.maxAge()));
    assertThat(reservoir.size(TRAINING)).isZero();
    long later = place(HeldOutBlocks.Use.HELD_OUT, 1000);
    reservoir.add(List.of(StreamImages.image("a", later, pixels)), Map.of());
    assertThat(reservoir.size(HELD_OUT_RECENT)).isEqualTo(1);
  }

  /** The first offset of partition 0 from another on that is for something. */
  private static long place(HeldOutBlocks.Use use, long from) {
    HeldOutBlocks blocks = new HeldOutBlocks(BOUNDS.heldOutShare());
    return LongStream.iterate(from, offset -> offset + 1)
        .filter(offset -> blocks.use(new ReservoirImage.Place(0, offset)) == use)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void shouldTellOfAnImageInSeveralPoolsOnce() {
    fill("a", 0, 30);
    List<ReservoirImage> all = StreamImages.in(reservoir, Reservoir.Pool.values());
    assertThat(all).hasSizeBetween(25, 30); // but for those beside what is held out
    assertThat(new HashSet<>(all)).hasSameSizeAs(all);
    assertThat(reservoir.size(Reservoir.Pool.values())).isEqualTo(2 * all.size());
  }

  @Test
  void shouldBeAsItWasWhenItIsOpenedAgain() throws IOException {
    fill("a", 0, 500);
    fill("b", 500, 700);
    reservoir.markAlerted(new ReservoirImage.Place(0, 17), StreamImages.START);
    reservoir.add(List.of(), Map.of(3, 99L));
    List<ReservoirImage> before = StreamImages.in(reservoir, Reservoir.Pool.values());
    int training = reservoir.size(TRAINING);
    reservoir.close();
    open();
    assertThat(StreamImages.in(reservoir, Reservoir.Pool.values())).isEqualTo(before);
    assertThat(reservoir.size(TRAINING)).isEqualTo(training);
    assertThat(reservoir.seen()).isEqualTo(700);
    assertThat(reservoir.position(0)).hasValue(700);
    assertThat(reservoir.position(3)).hasValue(99);
    assertThat(reservoir.position(1)).isEmpty();
    assertThat(reservoir.alerted()).containsOnlyKeys(new ReservoirImage.Place(0, 17));
    fill("a", 700, 3000);
    assertThat(reservoir.size(TRAINING_RECENT)).isEqualTo(80);
  }

  @Test
  void shouldKeepAnImageThatIsTakenInTwiceOnce() {
    ReservoirImage image = StreamImages.small("a", place(HeldOutBlocks.Use.TRAINING, 0));
    reservoir.add(List.of(image, image), Map.of());
    reservoir.add(List.of(image), Map.of());
    assertThat(reservoir.size(Reservoir.Pool.values())).isEqualTo(2);
    for (Reservoir.Pool pool : Reservoir.Pool.values()) {
      assertThat(StreamImages.in(reservoir, pool)).hasSize(reservoir.size(pool));
    }
  }

  @Test
  void shouldMarkPlacesThatAlertedWhetherOrNotItHoldsTheirImages() {
    fill("a", 0, 10);
    int images = reservoir.size(Reservoir.Pool.values());
    reservoir.markAlerted(new ReservoirImage.Place(0, 4), StreamImages.START.plusSeconds(9));
    reservoir.markAlerted(new ReservoirImage.Place(7, 1L << 40), StreamImages.START);
    assertThat(reservoir.alerted())
        .isEqualTo(
            Map.of(
                new ReservoirImage.Place(0, 4), StreamImages.START.plusSeconds(9).toEpochMilli(),
                new ReservoirImage.Place(7, 1L << 40), StreamImages.START.toEpochMilli()));
    assertThat(reservoir.size(Reservoir.Pool.values())).isEqualTo(images).isPositive();
  }

  @Test
  void shouldDropImagesAndMarksThatAreTooOld() {
    fill("a", 0, 60);
    fill("b", 60, 100);
    reservoir.markAlerted(new ReservoirImage.Place(0, 10), StreamImages.START.plusSeconds(10));
    reservoir.markAlerted(new ReservoirImage.Place(0, 90), StreamImages.START.plusSeconds(90));
    reservoir.dropOld(StreamImages.START.plusSeconds(70).plus(BOUNDS.maxAge()));
    List<ReservoirImage> left = StreamImages.in(reservoir, Reservoir.Pool.values());
    assertThat(left).extracting(ReservoirImage::offset).allMatch(offset -> offset >= 70);
    assertThat(left).extracting(ReservoirImage::source).containsOnly("b");
    assertThat(left).hasSizeBetween(20, 30); // held-out windows hold the newest 20 of two sources
    for (Reservoir.Pool pool : Reservoir.Pool.values()) {
      assertThat(StreamImages.in(reservoir, pool)).hasSize(reservoir.size(pool));
    }
    assertThat(reservoir.alerted()).containsOnlyKeys(new ReservoirImage.Place(0, 90));
    // The source that is gone leaves its share to the other.
    fill("b", 100, 3000);
    assertThat(reservoir.size(TRAINING_RECENT)).isEqualTo(80);
  }

  /** Two releases have alerted on one image: whoever confirms one of the alerts has seen it. */
  @Test
  void shouldKnowWhatWasSaidLastOfEachAlert() {
    ReservoirImage.Place place = new ReservoirImage.Place(0, 4);
    String one = "0a".repeat(16);
    String other = "0b".repeat(16);
    reservoir.markReviewed(place, one, Reservoir.Review.CONFIRMED, StreamImages.START);
    reservoir.markReviewed(place, other, Reservoir.Review.FALSE_ALARM, StreamImages.START);
    assertThat(reservoir.reviewed()).isEqualTo(Map.of(place, Reservoir.Review.CONFIRMED));
    reservoir.markReviewed(place, one, Reservoir.Review.FALSE_ALARM, StreamImages.START);
    assertThat(reservoir.reviewed()).isEqualTo(Map.of(place, Reservoir.Review.FALSE_ALARM));
    reservoir.markReviewed(place, other, Reservoir.Review.CONFIRMED, StreamImages.START);
    assertThat(reservoir.reviewed()).isEqualTo(Map.of(place, Reservoir.Review.CONFIRMED));
    reservoir.forgetReview(place, other);
    reservoir.forgetReview(place, one);
    assertThat(reservoir.reviewed()).isEmpty();
  }

  @Test
  void shouldKeepReviewsOverARestartUntilTheyAreTooOld() throws IOException {
    String alert = "0c".repeat(16);
    fill("a", 0, 10);
    int images = reservoir.size(Reservoir.Pool.values());
    reservoir.markReviewed(
        new ReservoirImage.Place(0, 4), alert, Reservoir.Review.CONFIRMED, StreamImages.START);
    reservoir.markReviewed(
        new ReservoirImage.Place(3, 1L << 40),
        alert,
        Reservoir.Review.FALSE_ALARM,
        StreamImages.START.plusSeconds(100));
    reservoir.close();
    open();
    assertThat(reservoir.reviewed())
        .isEqualTo(
            Map.of(
                new ReservoirImage.Place(0, 4), Reservoir.Review.CONFIRMED,
                new ReservoirImage.Place(3, 1L << 40), Reservoir.Review.FALSE_ALARM));
    assertThat(reservoir.alerted()).isEmpty();
    assertThat(reservoir.size(Reservoir.Pool.values())).isEqualTo(images).isPositive();
    reservoir.dropOld(StreamImages.START.plusSeconds(50).plus(BOUNDS.maxAge()));
    assertThat(reservoir.reviewed()).containsOnlyKeys(new ReservoirImage.Place(3, 1L << 40));
  }

  @Test
  void shouldBelongToOneAtATime() {
    assertThatIOException()
        .isThrownBy(() -> new Reservoir(folder.resolve("reservoir"), BOUNDS))
        .withMessageContaining(folder.resolve("reservoir").toString());
  }

  @Test
  void shouldKeepWhatItsReaderSavedOverARestart() throws IOException {
    byte[] state = {1, 0, -7};
    Path directory = folder.resolve("watched");
    try (Reservoir before = new Reservoir(directory, BOUNDS)) {
      assertThat(before.watch()).isEmpty();
      before.saveWatch(new byte[] {9, 9, 9, 9});
      before.saveWatch(state);
    }
    try (Reservoir after = new Reservoir(directory, BOUNDS)) {
      assertThat(after.watch()).hasValue(state);
    }
  }
}
