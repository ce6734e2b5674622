package io.surprisal.service.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.training.StageTimes;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How measured numbers become figures; nothing here is measured. */
class FiguresTest {

  @Test
  void shouldTakeTheMiddleOfAnOddNumberAndTheMeanOfTwoOfAnEvenOne() {
    assertThat(Median.of(3, 1, 2)).isEqualTo(2);
    assertThat(Median.of(4, 1, 2, 3)).isEqualTo(2.5);
    assertThat(Median.of()).isNaN();
    assertThat(Timing.of(3, 1, 8)).isEqualTo(new Timing(3, 1));
  }

  @Test
  void shouldLeaveTheWarmUpOut() {
    AtomicInteger count = new AtomicInteger();
    Passes passes = new Passes(3);

    assertThat(passes.measure(count::incrementAndGet)).containsExactly(3, 4, 5);
    assertThat(passes.time(count::incrementAndGet)).isEqualTo(new Timing(9, 8));
  }

  @Test
  void shouldSweepPowersOfTwoAndTheMost() {
    assertThat(ForwardPassTimes.powersOfTwo(1)).containsExactly(1);
    assertThat(ForwardPassTimes.powersOfTwo(4)).containsExactly(1, 2, 4);
    assertThat(ForwardPassTimes.powersOfTwo(6)).containsExactly(1, 2, 4, 6);
  }

  @Test
  void shouldTakePercentilesByRank() {
    double[] millis = IntStream.rangeClosed(1, 1000).mapToDouble(i -> 1001 - i).toArray();

    assertThat(Latencies.of(0.5, 100, millis))
        .isEqualTo(new Latencies(0.5, 100, 1000, 500, 990, 999));
    assertThat(Latencies.of(0.5, 100, new double[] {7}))
        .isEqualTo(new Latencies(0.5, 100, 1, 7, 7, 7));
    assertThat(Latencies.of(0.5, 100, new double[0]).p50()).isNaN();
  }

  @Test
  void shouldCompareEachRunOfTheStreamWithTheRunBeforeIt() {
    StreamCost.Measured measured =
        new StreamCost.Measured(
            "float32",
            List.of(
                new StreamCost.Run("forward", 1, 10),
                new StreamCost.Run("stream", 1, 9),
                new StreamCost.Run("forward", 2, 20),
                new StreamCost.Run("stream", 2, 10),
                new StreamCost.Run("forward", 3, 10),
                new StreamCost.Run("stream", 3, 8)),
            List.of(),
            Map.of(),
            List.of());

    assertThat(measured.median("stream")).isEqualTo(9);
    assertThat(measured.median("forward")).isEqualTo(10);
    assertThat(measured.streamTo("forward")).isEqualTo(0.8);
    assertThat(measured.median("plain loop")).isNaN();
    assertThat(measured.streamTo("plain loop")).isNaN();
  }

  @Test
  void shouldCompareRoundsWithAndWithoutTraining() {
    BesideTraining.Measured measured =
        BesideTraining.Measured.of(new double[] {10, 20, 40}, new double[] {8, 10, 36});

    assertThat(measured).isEqualTo(new BesideTraining.Measured(20, 10, 0.8));
  }

  @Test
  void shouldCompareRoundsWithAndWithoutADashboard() {
    BesideDashboard.Measured measured =
        BesideDashboard.Measured.of(
            List.of(10.0, 20.0, 40.0), List.of(10.0, 18.0, 44.0), List.of(0.2, 0.1, 0.4));

    assertThat(measured.ratio()).isEqualTo(1);
    assertThat(measured.processors()).isEqualTo(0.2);
  }

  @Test
  void shouldSayHowLongAnswersTookAndHowManyWereRefused() {
    ResponseTimes.Notes notes = new ResponseTimes.Notes("feed");
    for (int i = 1; i <= 100; i++) {
      notes.answered(i, i % 50 != 0);
    }

    assertThat(notes.summed()).isEqualTo(new ResponseTimes("feed", 98, 2, 50, 99, 100));
    assertThat(new ResponseTimes.Notes("none").summed().p99()).isNaN();
  }

  @Test
  void shouldKnowWhatThisProcessHoldsInMemory() {
    ProcessMemory memory = ProcessMemory.of(ProcessHandle.current().pid());

    assertThat(memory.residentMebibytes()).isBetween(20.0, memory.peakMebibytes());
    assertThat(ProcessMemory.of(-1).peakMebibytes()).isNaN();
  }

  @Test
  void shouldCompareIntervalsWithAndWithoutSwaps() {
    SwapLatency.Measured measured =
        SwapLatency.Measured.of(
            new Latencies(0.5, 10, 100, 20, 40, 50), new Latencies(0.5, 10, 100, 30, 80, 99));

    assertThat(measured.p50Ratio()).isEqualTo(1.5);
    assertThat(measured.p99Ratio()).isEqualTo(2);
  }

  @Test
  void shouldSayWhereAStepsTimeGoes() {
    int milli = 1_000_000;
    OptimiserSteps steps =
        OptimiserSteps.of(
            List.of(
                new StageTimes(milli, 2 * milli, 3 * milli, 4 * milli, 5 * milli, 5 * milli),
                new StageTimes(milli, 4 * milli, 5 * milli, 4 * milli, 5 * milli, 1 * milli)),
            4);

    assertThat(steps.millisPerImage()).isEqualTo(new Timing(5, 5));
    assertThat(steps.stageMillis()).isEqualTo(new OptimiserSteps.Stages(1, 3, 4, 4, 5, 3));
  }

  @Test
  void shouldPromiseWhatTheLawOfTheRunsGives() {
    List<ReleaseBound> bounds =
        IntStream.of(1, 16, 81)
            .mapToObj(c -> new ReleaseBound("r" + c, 10L * c, c, 2 + Math.pow(c, -0.25), 0.01))
            .toList();

    TrainingOutlook outlook = TrainingOutlook.of(bounds);

    assertThat(outlook.law().floor()).isCloseTo(2, within(0.01));
    assertThat(outlook.runs())
        .allSatisfy(run -> assertThat(run.law()).isCloseTo(run.bitsPerDim(), within(1e-3)));
    assertThat(outlook.prospects())
        .extracting(TrainingOutlook.Prospect::times)
        .containsExactly(2, 4, 10);
    assertThat(outlook.prospects())
        .allSatisfy(
            prospect ->
                assertThat(prospect.bitsPerDim())
                    .isCloseTo(2 + Math.pow(prospect.petaflop(), -0.25), within(0.01)));
    assertThat(outlook.prospects().get(2).petaflop()).isEqualTo(810);
  }
}
