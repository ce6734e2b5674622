package io.surprisal.service.demo;

import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.service.cli.Table;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts pictures of which nobody has said what is wrong with them: each once, however often it is
 * shown.
 */
final class PictureTally implements DemoTally {
  private final int pictures;
  private final ShownPictures.Standing standing;
  private final Map<String, int[]> sources = new TreeMap<>();
  private final Map<String, int[]> releases = new TreeMap<>();
  private long rounds;
  private int boxed;

  /**
   * @param pictures how many there are
   */
  PictureTally(int pictures, ShownPictures.Standing standing) {
    this.pictures = pictures;
    this.standing = standing;
  }

  /** Pictures of one source, each counted once. */
  private record Source(int scored, int alerts) {}

  /** Images that one release has scored. */
  private record Phase(int images, int alerts) {}

  private record Pictures(
      int pictures,
      boolean neverSeen,
      long rounds,
      int scored,
      int alerts,
      int alertsWithBoxes,
      Map<String, Source> sources) {}

  @Override
  public void scored(ImageScore score, DemoCamera.Shot shot) {
    boolean alert = score.getVerdict() == ScoreVerdict.ALERT;
    rounds = Math.max(rounds, shot.round() + 1);
    count(releases, "release " + score.getReleaseId().substring(0, 12), alert);
    if (shot.round() == 0) {
      count(sources, shot.source(), alert);
    }
  }

  private static void count(Map<String, int[]> counts, String of, boolean alert) {
    int[] count = counts.computeIfAbsent(of, s -> new int[2]);
    count[0]++;
    count[1] += alert ? 1 : 0;
  }

  @Override
  public void alerted(AnomalyAlert alert, DemoCamera.Shot shot) {
    if (shot.round() == 0 && !alert.getBoxes().isEmpty()) {
      boxed++;
    }
  }

  @Override
  public String remark(AnomalyAlert alert, DemoCamera.Shot shot) {
    return "";
  }

  private static int sum(Map<String, int[]> counts, int of) {
    return counts.values().stream().mapToInt(count -> count[of]).sum();
  }

  @Override
  public void addTo(Map<String, Object> summary) {
    Map<String, Phase> phases = new TreeMap<>();
    releases.forEach((name, count) -> phases.put(name, new Phase(count[0], count[1])));
    Map<String, Source> bySource = new TreeMap<>();
    sources.forEach((name, count) -> bySource.put(name, new Source(count[0], count[1])));
    summary.put("phases", phases);
    summary.put(
        "pictures",
        new Pictures(
            pictures,
            standing == ShownPictures.Standing.NEVER_SEEN,
            rounds,
            sum(sources, 0),
            sum(sources, 1),
            boxed,
            bySource));
  }

  @Override
  public void addTo(Table summary) {
    summary.row(
        "pictures",
        "%d, %s; %d scored%s"
            .formatted(
                pictures,
                standing,
                sum(sources, 0),
                rounds > 1 ? ", over and over, here counted once each" : ""));
    summary.row(
        "that alert",
        "%d of %d, %d of them with boxes".formatted(sum(sources, 1), sum(sources, 0), boxed));
    if (sources.size() > 1) {
      sources.forEach(
          (name, count) -> summary.row(name, "%d of %d pictures".formatted(count[1], count[0])));
    }
    if (releases.size() > 1) {
      releases.forEach(
          (name, count) ->
              summary.row(
                  name,
                  "%d of %d images alert (%.1f %%)"
                      .formatted(count[1], count[0], 100.0 * count[1] / count[0])));
    }
  }
}
