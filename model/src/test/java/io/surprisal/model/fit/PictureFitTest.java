package io.surprisal.model.fit;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.training.FitConfiguration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs on pictures larger than the network. */
@Tag("training")
class PictureFitTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final int PICTURES = 20;

  @TempDir private Path folder;

  /** Pictures of two sizes. */
  private record Pictures(List<PixelImage> all) implements ImageSource {
    static Pictures random() {
      return new Pictures(
          IntStream.range(0, PICTURES)
              .mapToObj(
                  i -> {
                    int width = 20 + 4 * (i % 2);
                    byte[] pixels = new byte[18 * width];
                    new SplittableRandom(i).nextBytes(pixels);
                    return new PixelImage(1, 18, width, pixels);
                  })
              .toList());
    }

    @Override
    public int size() {
      return all.size();
    }

    @Override
    public PixelImage image(int index) {
      return all.get(index);
    }

    @Override
    public String name(int index) {
      return "picture " + index;
    }
  }

  private static class Quiet implements Fit.Listener {
    private final List<Integer> calibrating = new ArrayList<>();

    @Override
    public void started(ModelConfiguration model, int parameters, int training, int heldOut) {
      assertThat(training + heldOut).isEqualTo(PICTURES);
    }

    @Override
    public void step(long step, double fraction, double bitsPerDim, double imagesPerSecond) {
      assertThat(fraction).isBetween(0.0, 1.0);
    }

    @Override
    public void measured(TrainingRecord.Point point) {
      assertThat(point.heldOutBitsPerDim()).isPositive();
    }

    @Override
    public void calibrating(int done, int of) {
      calibrating.add(done);
    }
  }

  private FitRequest request(String name, Start start, Budget budget, Optional<Instant> end) {
    Preprocessing preprocessing = Preprocessing.tiled(new ImageShape(1, 8, 8), new Tiling(1, 8));
    return new FitRequest(
        new FitImages.Pictures(
            Pictures.random(), preprocessing, 9, "pictures", new HeldOut.Share(0.6)),
        FitConfiguration.named("tiny").with(Map.of("batch", 2, "precision", "FLOAT32")),
        start,
        budget,
        3,
        new Execution(Device.cpu(), Precision.FLOAT32),
        new FitRequest.Outcome(
            folder.resolve(name + ".safetensors"),
            FitRequest.Weights.AVERAGED,
            4,
            100,
            Optional.empty(),
            end));
  }

  @Test
  void shouldCalibrateOnTheHeldOutPicturesThatShowNoTiles() throws IOException {
    Quiet listener = new Quiet();

    Release release =
        new Fit(
                request("whole", new Start.Anew(), new Budget.Steps(2), Optional.empty()),
                listener,
                () -> false,
                InstantSource.fixed(START))
            .run();

    // 12 are held out, and every third of them shows tiles
    Calibration calibration = release.calibration().orElseThrow();
    assertThat(calibration.images()).isEqualTo(8);
    assertThat(calibration.local()).isPresent();
    assertThat(calibration.locality()).hasSize(8);
    assertThat(listener.calibrating).last().isEqualTo(8);
    assertThat(Release.load(folder.resolve("whole.safetensors")).calibration())
        .isEqualTo(release.calibration());
    assertThat(release.preprocessing().tiling()).contains(new Tiling(1, 8));
  }

  /** Each look at the clock is a second later, so that all that is done takes time. */
  @Test
  void shouldEndInTimeWithWhatIsCalibratedBeforeIt() throws IOException {
    AtomicLong seconds = new AtomicLong();
    InstantSource clock = () -> START.plusSeconds(seconds.getAndIncrement());
    Duration time = Duration.ofSeconds(200);

    Release release =
        new Fit(
                request(
                    "timed",
                    new Start.Anew(),
                    new Budget.Time(time),
                    Optional.of(START.plus(time))),
                new Quiet(),
                () -> false,
                clock)
            .run();

    assertThat(release.training().steps()).isPositive();
    assertThat(release.calibration().orElseThrow().images()).isBetween(1, 8);
    // what is under way when the time is over is finished
    assertThat(seconds.get()).isLessThan(time.toSeconds() + 20);
  }

  @Test
  void shouldLeaveAUsableReleaseWhenStopped() throws IOException {
    AtomicBoolean stop = new AtomicBoolean();
    Fit.Listener stopping =
        new Fit.Listener() {
          @Override
          public void started(ModelConfiguration model, int parameters, int training, int held) {}

          @Override
          public void step(long step, double fraction, double bitsPerDim, double perSecond) {
            stop.set(step == 3);
          }

          @Override
          public void measured(TrainingRecord.Point point) {}

          @Override
          public void calibrating(int done, int of) {}
        };

    new Fit(
            request("stopped", new Start.Anew(), new Budget.Steps(1000), Optional.empty()),
            stopping,
            stop::get,
            InstantSource.system())
        .run();

    Release release = Release.load(folder.resolve("stopped.safetensors"));
    assertThat(release.training().steps()).isEqualTo(3);
    assertThat(release.calibration()).isEmpty();
  }

  @Test
  void shouldGoOnWhereItStopped() throws IOException {
    Release straight =
        new Fit(
                request("straight", new Start.Anew(), new Budget.Steps(4), Optional.empty()),
                new Quiet(),
                () -> false,
                InstantSource.fixed(START))
            .run();
    AtomicBoolean stop = new AtomicBoolean();
    new Fit(
            request("twice", new Start.Anew(), new Budget.Steps(4), Optional.empty()),
            new Quiet() {
              @Override
              public void step(long step, double fraction, double bitsPerDim, double perSecond) {
                stop.set(step == 2);
              }
            },
            stop::get,
            InstantSource.fixed(START))
        .run();

    Release resumed =
        new Fit(
                request("twice", new Start.Resumed(), new Budget.Steps(4), Optional.empty()),
                new Quiet(),
                () -> false,
                InstantSource.fixed(START))
            .run();

    assertThat(resumed.training().steps()).isEqualTo(straight.training().steps());
    assertThat(resumed.parameters()).isEqualTo(straight.parameters());
  }
}
