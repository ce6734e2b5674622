package io.surprisal.model.compression;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Each codec against the one law: push and pop undo each other, whatever the message. */
class CodecLawsTest {

  private static Message filled(long seed) {
    Message message = Message.empty(seed);
    Random random = new Random(seed);
    for (int i = 0; i < 50; i++) {
      message.pushBits(random.nextInt());
    }
    return message;
  }

  private static void popThenPush(Codec codec, double[] conditions, long seed) {
    Message message = filled(seed);
    int[] before = message.content();
    int[] symbols = new int[conditions.length];

    codec.popAll(message, conditions, symbols);
    codec.pushAll(message, conditions, symbols);

    assertThat(message.content()).isEqualTo(before);
  }

  private static void pushThenPop(Codec codec, double[] conditions, int[] symbols, long seed) {
    Message message = filled(seed);
    int[] before = message.content();
    int[] popped = new int[symbols.length];

    codec.pushAll(message, conditions, symbols);
    codec.popAll(message, conditions, popped);

    assertThat(popped).isEqualTo(symbols);
    assertThat(message.content()).isEqualTo(before);
  }

  private static double[] means(long seed, int n) {
    return new Random(seed).doubles(n, -3, 3).toArray();
  }

  @Property(tries = 200, seed = "1")
  void shouldUndoAPopOfGaussianBins(
      @ForAll long seed,
      @ForAll @DoubleRange(min = -9, max = 1) double logDeviation,
      @ForAll @DoubleRange(min = 1, max = 300) double resolution) {
    double deviation = Math.exp(logDeviation);
    popThenPush(GaussianBins.drawn(deviation / resolution, deviation), means(seed, 40), seed);
  }

  @Property(tries = 200, seed = "2")
  void shouldUndoAPushOfGaussianBinsHoweverFarFromTheMean(
      @ForAll long seed,
      @ForAll @DoubleRange(min = -9, max = 1) double logDeviation,
      @ForAll @DoubleRange(min = 1, max = 300) double resolution,
      @ForAll @Size(40) List<@IntRange(min = -1_000_000, max = 1_000_000) Integer> symbols) {
    double deviation = Math.exp(logDeviation);
    double width = deviation / resolution;
    double[] means = means(seed, 40);
    int[] near =
        IntStream.range(0, 40)
            .map(
                i ->
                    (int) Math.rint(means[i] / width)
                        + symbols.get(i) % (i % 2 == 0 ? 20 : 1000000))
            .toArray();

    pushThenPop(GaussianBins.predicting(width, deviation), means, near, seed);
  }

  @Property(tries = 200, seed = "3")
  void shouldUndoPixelLevelsBothWays(
      @ForAll long seed, @ForAll @DoubleRange(min = -14, max = 3) double gamma) {
    PixelLevels levels = new PixelLevels(gamma);
    double[] conditions = means(seed, 40);
    popThenPush(levels, conditions, seed);
    pushThenPop(levels, conditions, new Random(seed).ints(40, 0, 256).toArray(), seed);
  }

  @Property(tries = 200, seed = "4")
  void shouldUndoAMixtureOfCodecs(@ForAll long seed) {
    Message message = filled(seed);
    int[] before = message.content();
    GaussianBins z = GaussianBins.drawn(0.01, 0.05);
    PixelLevels x = new PixelLevels(-6);

    int bin = z.pop(message, 0.3);
    int level = x.pop(message, bin * 0.01);
    message.pushBits((int) seed);
    assertThat(message.popBits()).isEqualTo((int) seed);
    x.push(message, bin * 0.01, level);
    z.push(message, 0.3, bin);

    assertThat(message.content()).isEqualTo(before);
  }

  /** What was drawn is what the symbols say, within the state's one word: no statistics in it. */
  @Property(tries = 50, seed = "11")
  void shouldDrawNoMoreInitialBitsThanNeededAndEndInThem(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 400) int n) {
    GaussianBins codec = GaussianBins.drawn(0.01, 0.05);
    Message message = Message.empty(seed);
    double[] means = means(seed, n);
    int[] symbols = new int[n];
    codec.popAll(message, means, symbols);
    int drawn = message.drawn();

    codec.pushAll(message, means, symbols);
    Message read = Message.of(message.content(), seed);

    assertThat(read.requireInitial(0)).isEmpty();
    assertThat(message.netBits()).isEqualTo(0);
    assertThat(drawn * 32.0 - information(codec, means, symbols)).isBetween(-1.01, 32.01);
  }

  /** 4.37 bits a symbol are taken from what lies beneath, and only the rest of them is drawn. */
  @Property(tries = 50, seed = "13")
  void shouldTakeInitialBitsFromWhatLiesBeneathAndGiveItBack(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 400) int n) {
    GaussianBins codec = GaussianBins.drawn(0.01, 0.05);
    int[] beneath = new Random(seed).ints(30).toArray();
    Message message = Message.above(beneath, seed);
    Message alone = Message.empty(seed);
    double[] means = means(seed, n);
    int[] symbols = new int[n];
    codec.popAll(message, means, symbols);
    codec.popAll(alone, means, new int[n]);
    assertThat(message.drawn()).isBetween(alone.drawn() - 35, Math.max(0, alone.drawn() - 25));

    codec.pushAll(message, means, symbols);
    Message read = Message.of(message.content(), seed);

    assertThat(read.requireInitial(30)).isEqualTo(beneath);
    assertThat(message.content()).hasSize(2 + 30 + message.drawn());
  }

  /** log₂(5 √(2πe)) = 4.37 bits each, give or take six standard errors of 1.02 / √20,000. */
  @Property(tries = 5, seed = "12")
  void shouldDrawTheEntropyOfWhatIsDrawn(@ForAll long seed) {
    GaussianBins codec = GaussianBins.drawn(0.01, 0.05);
    Message message = Message.empty(seed);
    int n = 20_000;
    double[] means = means(seed, n);

    codec.popAll(message, means, new int[n]);

    assertThat(-message.netBits() / n).isBetween(4.33, 4.41);
  }

  /** −log₂ of the symbols' probability, by what they add to a message. */
  private static double information(Codec codec, double[] conditions, int[] symbols) {
    Message message = filled(0);
    double before = message.netBits();
    codec.pushAll(message, conditions, symbols);
    return message.netBits() - before;
  }
}
