package io.surprisal.service.lab;

import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.detection.LocalEvidence;
import io.surprisal.model.evaluation.Bootstrap;
import io.surprisal.model.evaluation.Estimate;
import io.surprisal.model.evaluation.MarkedRegions;
import io.surprisal.model.evaluation.RegionMask;
import io.surprisal.model.evaluation.SamePlace;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.Preprocessing;
import java.awt.geom.Path2D;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Whether what is found in a set of anomalous pictures lies where people marked it. Pictures in the
 * same sub-folder of what was named are of the same place.
 */
final class RegionStudy {

  /** A picture with regions, and what was seen of it; the evidence is NaN before. */
  private static final class Marked {
    private final String place;
    private final RegionMask mask;
    private double inside = Double.NaN;
    private boolean found;

    Marked(String place, RegionMask mask) {
      this.place = place;
      this.mask = mask;
    }
  }

  /**
   * What came of it.
   *
   * @param pictures that have regions and were scored
   * @param where share of them whose strongest window touches a region, dilated
   * @param samePlace their regions against the same regions of normal pictures; empty where no
   *     normal picture is of the same place and size
   */
  record Found(int pictures, Estimate where, Optional<SamePlace> samePlace) {}

  private final TreeMap<Integer, Marked> marked = new TreeMap<>();

  /** By normal picture, then by marked one. */
  private final List<double[]> normal = new ArrayList<>();

  /**
   * Of a set, before anything is scored.
   *
   * @param count of its pictures, the first ones
   */
  RegionStudy(
      MarkedRegions regions, PictureFiles anomalous, int count, Preprocessing preprocessing) {
    for (int i = 0; i < count; i++) {
      Optional<List<Path2D>> polygons = regions.of(anomalous.name(i), anomalous.file(i));
      if (polygons.isPresent()) {
        PictureSize size = anomalous.size(i);
        int height =
            preprocessing
                .tiling()
                .map(t -> t.reduced(size.height()))
                .orElse(preprocessing.height());
        int width =
            preprocessing.tiling().map(t -> t.reduced(size.width())).orElse(preprocessing.width());
        marked.put(
            i,
            new Marked(
                place(anomalous.name(i)), new RegionMask(polygons.get(), size, height, width)));
      }
    }
  }

  private static String place(String name) {
    String path = name.replace('\\', '/');
    return path.substring(0, path.lastIndexOf('/') + 1);
  }

  /** How many pictures of the set have regions. */
  int pictures() {
    return marked.size();
  }

  /** Looks at one of the normal pictures. */
  void normal(String name, LocalEvidence evidence) {
    normal.add(
        marked.values().stream()
            .mapToDouble(
                m ->
                    m.place.equals(place(name)) && m.mask.fits(evidence)
                        ? m.mask.strongest(evidence)
                        : Double.NaN)
            .toArray());
  }

  /** Looks at one of the set's pictures. */
  void anomalous(int index, LocalEvidence evidence) {
    Marked picture = marked.get(index);
    if (picture != null) {
      picture.inside = picture.mask.strongest(evidence);
      picture.found = picture.mask.touchedBy(evidence);
    }
  }

  /** What came of it; empty where no picture with regions was scored. */
  Optional<Found> found(Bootstrap bootstrap) {
    List<Marked> all = List.copyOf(marked.values());
    int[] scored =
        IntStream.range(0, all.size()).filter(i -> !Double.isNaN(all.get(i).inside)).toArray();
    if (scored.length == 0) {
      return Optional.empty();
    }
    boolean[] found = new boolean[scored.length];
    double[] inside = new double[scored.length];
    double[][] others = new double[scored.length][normal.size()];
    for (int i = 0; i < scored.length; i++) {
      found[i] = all.get(scored[i]).found;
      inside[i] = all.get(scored[i]).inside;
      for (int j = 0; j < others[i].length; j++) {
        others[i][j] = normal.get(j)[scored[i]];
      }
    }
    boolean comparable =
        Arrays.stream(others).flatMapToDouble(Arrays::stream).anyMatch(v -> !Double.isNaN(v));
    return Optional.of(
        new Found(
            scored.length,
            bootstrap.share(found),
            comparable ? Optional.of(SamePlace.of(inside, others, bootstrap)) : Optional.empty()));
  }
}
