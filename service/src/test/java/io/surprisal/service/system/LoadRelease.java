package io.surprisal.service.system;

import io.surprisal.model.calibration.Calibrator;
import io.surprisal.model.calibration.PictureCalibrator;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.training.FitConfiguration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * An untrained network, calibrated on random images like those of an {@link ImageLoad}.
 *
 * @param file the release
 * @param evaluations K that it is calibrated for
 */
record LoadRelease(Path file, int evaluations) {
  private static final int SIDE = ImageLoad.SIDE;
  private static final Preprocessing TILED =
      Preprocessing.tiled(new ImageShape(1, SIDE, SIDE), new Tiling(2, SIDE));

  /** For small images. */
  static LoadRelease whole(Path folder) throws IOException {
    int evaluations = 2;
    Release untrained = untrained(folder, "whole-untrained.safetensors");
    List<PixelImage> images = noise(100, SIDE, SIDE);
    return calibrated(
        folder.resolve("whole.safetensors"),
        untrained,
        evaluations,
        Calibrator.calibrate(
            untrained,
            ImageDatasets.of(images),
            images.size(),
            evaluations,
            Execution.CPU,
            done -> {},
            () -> false));
  }

  /** For photos, which it looks at twice. */
  static LoadRelease tiled(Path folder) throws IOException {
    int evaluations = 4;
    Release whole = untrained(folder, "shape.safetensors");
    Release untrained =
        Release.write(
            folder.resolve("tiled-untrained.safetensors"),
            whole.configuration(),
            TILED,
            whole.parameters(),
            Optional.empty(),
            whole.training(),
            Optional.empty());
    return calibrated(
        folder.resolve("tiled.safetensors"),
        untrained,
        evaluations,
        PictureCalibrator.calibrate(
                untrained,
                PictureCalibrator.Pictures.of(
                    new Photos(noise(60, 48, 64)), IntStream.range(0, 60).toArray()),
                evaluations,
                Execution.CPU,
                done -> {},
                () -> false,
                () -> false)
            .orElseThrow());
  }

  private static Release untrained(Path folder, String name) throws IOException {
    return Release.untrained(
        folder.resolve(name), FitConfiguration.named("tiny").model(TILED.shape()), 1);
  }

  private static LoadRelease calibrated(
      Path file, Release untrained, int evaluations, Calibration calibration) throws IOException {
    untrained.recalibrated(file, calibration);
    return new LoadRelease(file, evaluations);
  }

  private static List<PixelImage> noise(int count, int height, int width) {
    Random random = new Random(1);
    return IntStream.range(0, count)
        .mapToObj(
            i -> {
              byte[] pixels = new byte[height * width];
              random.nextBytes(pixels);
              return new PixelImage(1, height, width, pixels);
            })
        .toList();
  }

  private record Photos(List<PixelImage> all) implements ImageSource {
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
      return "photo " + index;
    }
  }
}
