package io.surprisal.service.lab;

import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.evaluation.Bootstrap;
import io.surprisal.model.evaluation.Estimate;
import io.surprisal.model.evaluation.Giveaway;
import io.surprisal.model.evaluation.PictureTraits;
import io.surprisal.model.evaluation.Separation;
import io.surprisal.model.fit.FitImages;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import javax.imageio.ImageIO;

/** What {@code surprisal try} found, as one HTML page that needs nothing else. */
final class TryReport {
  private static final int MOST_SURPRISING = 12;
  private static final int MOST_NORMAL = 4;

  /** Drawings of a report at most. */
  static final int MOST_DRAWN = 2 * MOST_SURPRISING + MOST_NORMAL;

  private static final int MOST_SKIPPED = 50;
  private static final int DRAWING_WIDTH = 720;
  private static final int BARS = 24;

  private static final long BOOTSTRAP_SEED = 1;

  /**
   * What was run.
   *
   * @param name of the folder
   * @param pictures all that were found
   * @param images how they go through the network
   * @param release what came of it
   * @param file where it lies
   * @param rule that judged
   * @param rate that the rule was set to alert on
   */
  record Run(
      String name,
      int pictures,
      FitImages.Pictures images,
      Release release,
      Path file,
      AlertRule rule,
      double rate) {}

  /** Pictures that are not normal. */
  record Strange(PictureFiles files, List<ScoredPicture> scored) {}

  /** Draws a picture that was scored. */
  @FunctionalInterface
  interface Drawing {
    BufferedImage of(PictureFiles files, int index);
  }

  private final Run run;
  private final PictureFiles files;
  private final List<ScoredPicture> normal;
  private final Optional<Strange> strange;
  private final List<String> skipped;
  private final StringBuilder page = new StringBuilder();

  TryReport(
      Run run,
      PictureFiles files,
      List<ScoredPicture> normal,
      Optional<Strange> strange,
      List<String> skipped) {
    this.run = run;
    this.files = files;
    this.normal = normal;
    this.strange = strange;
    this.skipped = skipped;
  }

  /** The page. */
  String html(Drawing drawing) {
    page.append(TryReportHead.HTML.formatted(text(run.name())));
    summary();
    histogram();
    strange.ifPresent(
        others -> {
          if (normal.isEmpty() || others.scored().isEmpty()) {
            page.append(
                "<p class=warning>Nothing to compare: none of the pictures of one set could be scored.</p>\n");
          } else {
            comparison(others);
          }
        });
    List<ScoredPicture> order =
        normal.stream()
            .sorted(Comparator.comparingDouble(ScoredPicture::surprise).reversed())
            .toList();
    strange.ifPresent(
        others ->
            pictures(
                "Most surprising of the pictures that are not normal",
                others.files(),
                others.scored().stream()
                    .sorted(Comparator.comparingDouble(ScoredPicture::surprise).reversed())
                    .limit(MOST_SURPRISING)
                    .toList(),
                drawing));
    pictures(
        "Most surprising of the normal pictures",
        files,
        order.subList(0, Math.min(MOST_SURPRISING, order.size())),
        drawing);
    pictures(
        "Most normal",
        files,
        order.subList(Math.max(0, order.size() - MOST_NORMAL), order.size()),
        drawing);
    skipped();
    next();
    page.append("</main></body></html>\n");
    return page.toString();
  }

  private void summary() {
    TrainingRecord training = run.release().training();
    int alerts = (int) normal.stream().filter(scored -> scored.verdict().alert()).count();
    page.append("<h1>").append(text(run.name())).append("</h1>\n<ul class=facts>");
    fact(run.pictures() + " pictures, " + skipped.size() + " files skipped");
    fact(text(run.images().preprocessing().of(files.size(0).height(), files.size(0).width())));
    fact(
        "trained on %d of them for %.1f minutes: %d crops, held-out %.3f bits/dim (PNG %.3f)"
            .formatted(
                training.trainingImages(),
                training.seconds() / 60,
                training.images(),
                training.history().isEmpty()
                    ? Double.NaN
                    : training.history().get(training.history().size() - 1).heldOutBitsPerDim(),
                training.pngBitsPerDim()));
    fact(
        "%d pictures that it has never seen, neither in training nor in calibration, were scored; %d of them alert at a rate of %.1f %%"
            .formatted(normal.size(), alerts, 100 * run.rate()));
    if (run.rate() > 0.0101) {
      fact(
          "a rate of 1 % needs 99 pictures to calibrate on, here are "
              + run.release().calibration().orElseThrow().images()
              + ": give more pictures");
    }
    page.append("</ul>\n");
  }

  private void fact(String html) {
    page.append("<li>").append(html).append("</li>");
  }

  /** Bars of the local statistic of normal and other pictures, with the threshold. */
  private void histogram() {
    double[] ordinary = values(normal, ScoredPicture::surprise);
    double[] others =
        strange.map(s -> values(s.scored(), ScoredPicture::surprise)).orElse(new double[0]);
    double threshold = run.rule().localThreshold().orElse(Double.NaN);
    double low = Math.min(min(ordinary), min(others));
    double high = Math.max(max(ordinary), max(others));
    high = Double.isNaN(threshold) ? high : Math.max(high, threshold * 1.05);
    if (!(high > low)) {
      high = low + 1;
    }
    Histogram first = Histogram.of(ordinary, low, high, BARS);
    Histogram second = Histogram.of(others, low, high, BARS);
    double tallest = Math.max(1, Math.max(first.tallest(), second.tallest()));
    page.append(
        "<h2>How surprising the most surprising part of each picture is</h2>\n<svg viewBox='0 0 720 230' role=img aria-label='Histogram of the largest surprise of each picture'>");
    double step = 680.0 / BARS;
    for (int i = 0; i < BARS; i++) {
      bar("normal", 20 + i * step, step / 2 - 1, 180 * first.counts()[i] / tallest);
      bar("other", 20 + i * step + step / 2, step / 2 - 1, 180 * second.counts()[i] / tallest);
    }
    page.append("<line class=axis x1=20 x2=700 y1=195 y2=195 />");
    for (int i = 0; i <= 4; i++) {
      page.append(
          format(
              "<text x=%.0f y=214 text-anchor=middle>%.1f σ</text>",
              20 + 170.0 * i, low + (high - low) * i / 4));
    }
    if (!Double.isNaN(threshold)) {
      double x = 20 + 680 * (threshold - low) / (high - low);
      page.append(
          format(
              "<line class=threshold x1=%1$.1f x2=%1$.1f y1=5 y2=195 /><text x=%2$.1f y=14 text-anchor=%3$s>alerts above %4$.1f σ</text>",
              x, x > 500 ? x - 6 : x + 6, x > 500 ? "end" : "start", threshold));
    }
    page.append("</svg>\n<p class=legend><span class=normal></span> normal, never seen before");
    if (others.length > 0) {
      page.append(" <span class=other></span> not normal");
    }
    page.append("</p>\n");
  }

  private void bar(String kind, double x, double width, double height) {
    if (height > 0) {
      page.append(
          format(
              "<rect class=%s x=%.1f y=%.1f width=%.1f height=%.1f />",
              kind, x, 195 - height, width, height));
    }
  }

  /** How well the two sets are told apart, and by what else. */
  private void comparison(Strange others) {
    page.append(
        "<h2>Told apart</h2>\n<table><tr><th>by</th><th>AUROC</th><th>95 % interval</th></tr>");
    row("most surprising part", others, ScoredPicture::surprise);
    row("bits/dim of the whole picture", others, ScoredPicture::bitsPerDim);
    long caught = others.scored().stream().filter(s -> s.verdict().alert()).count();
    page.append("</table>\n<p>")
        .append(
            "%d of %d alert at the rate of %.1f %%."
                .formatted(caught, others.scored().size(), 100 * run.rate()))
        .append("</p>\n");
    for (Giveaway giveaway : Giveaway.among(traits(normal), traits(others.scored()))) {
      page.append("<p class=warning>").append(text(giveaway.sentence())).append("</p>\n");
    }
  }

  private static List<PictureTraits> traits(List<ScoredPicture> scored) {
    return scored.stream().map(ScoredPicture::traits).toList();
  }

  private void row(String name, Strange others, ToDoubleFunction<ScoredPicture> of) {
    Estimate auroc =
        Separation.of(
                values(normal, of), values(others.scored(), of), Bootstrap.seeded(BOOTSTRAP_SEED))
            .auroc();
    page.append(
        format(
            "<tr><td>%s</td><td>%.3f</td><td>%.3f to %.3f</td></tr>",
            name, auroc.value(), auroc.low(), auroc.high()));
  }

  private void pictures(
      String title, PictureFiles from, List<ScoredPicture> some, Drawing drawing) {
    if (some.isEmpty()) {
      return;
    }
    page.append("<h2>").append(title).append("</h2>\n<div class=pictures>");
    for (ScoredPicture scored : some) {
      String name = text(from.name(scored.index()));
      page.append("<figure><img loading=lazy alt='")
          .append(name)
          .append(", and below it where the surprise is' src='data:image/jpeg;base64,")
          .append(jpeg(drawing.of(from, scored.index())))
          .append("'><figcaption>")
          .append(name)
          .append(format("<br>%.1f σ, %.3f bits/dim", scored.surprise(), scored.bitsPerDim()))
          .append(scored.verdict().alert() ? " · <b>alert</b>" : "")
          .append("</figcaption></figure>\n");
    }
    page.append("</div>\n");
  }

  private void skipped() {
    if (skipped.isEmpty()) {
      return;
    }
    page.append("<h2>Skipped</h2>\n<ul>");
    skipped.stream().limit(MOST_SKIPPED).forEach(line -> fact(text(line)));
    if (skipped.size() > MOST_SKIPPED) {
      fact("and " + (skipped.size() - MOST_SKIPPED) + " more");
    }
    page.append("</ul>\n");
  }

  private void next() {
    String release = text(run.file().toString());
    page.append("<h2>From here to a stream</h2>\n<pre>")
        .append(
            "surprisal broker                                   # a broker for trying, or yours with --bootstrap-server\n")
        .append("surprisal topics\n")
        .append("surprisal score --release ")
        .append(release)
        .append(format(" --alert-rate %.3f%n", Math.ceil(1000 * run.rate()) / 1000))
        .append("surprisal publish FOLDER\n")
        .append("surprisal alerts\n")
        .append("surprisal explain --release ")
        .append(release)
        .append(" --out maps PICTURE\n")
        .append("</pre>\n");
  }

  private static double[] values(List<ScoredPicture> scored, ToDoubleFunction<ScoredPicture> of) {
    return scored.stream().mapToDouble(of).toArray();
  }

  private static double min(double[] values) {
    return Arrays.stream(values).min().orElse(Double.POSITIVE_INFINITY);
  }

  private static double max(double[] values) {
    return Arrays.stream(values).max().orElse(Double.NEGATIVE_INFINITY);
  }

  private static String jpeg(BufferedImage drawing) {
    int width = Math.min(DRAWING_WIDTH, drawing.getWidth());
    int height = Math.max(1, drawing.getHeight() * width / drawing.getWidth());
    BufferedImage small = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = small.createGraphics();
    graphics.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    graphics.drawImage(drawing, 0, 0, width, height, null);
    graphics.dispose();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(small, "jpg", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** What comes from outside, without a meaning in HTML. */
  private static String text(String value) {
    return value
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
