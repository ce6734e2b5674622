package io.surprisal.service.lab;

import io.surprisal.model.images.Png;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws rows of panels into a PNG file. */
final class Figure {
  /** Of one panel, in pixels. */
  static final int WIDTH = 720;

  static final int HEIGHT = 560;

  private static final int PADDING = 16;

  private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 16);
  private static final Font TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 15);

  /** Blue, vermilion and more, which stay apart to colour-blind eyes (Okabe &amp; Ito 2008). */
  private static final Color[] COLOURS = {
    new Color(0x0072B2),
    new Color(0xD55E00),
    new Color(0x009E73),
    new Color(0xCC79A7),
    new Color(0xE69F00),
    new Color(0x56B4E9)
  };

  private static final Color REFERENCE = new Color(0x444444);

  /** Blue, pale. */
  private static final Color BARS = new Color(0xB3D4E8);

  private static final BasicStroke SOLID = new BasicStroke(2.5f);
  private static final BasicStroke DASHED =
      new BasicStroke(1.5f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {8, 6}, 0);

  /** The names of more curves do not fit below the chart. */
  private static final int MOST_IN_A_ROW = 2;

  /** A curve of more points shows them well enough by its line. */
  private static final int MOST_MARKERS = 64;

  private Figure() {}

  /**
   * Writes the panels of each row from left to right; a row may be shorter than the longest.
   *
   * @param rows from top to bottom
   */
  static void write(Path file, List<List<Panel>> rows) throws IOException {
    int columns = rows.stream().mapToInt(List::size).max().orElse(1);
    BufferedImage image =
        new BufferedImage(WIDTH * columns, HEIGHT * rows.size(), BufferedImage.TYPE_INT_RGB);
    for (int row = 0; row < rows.size(); row++) {
      for (int column = 0; column < columns; column++) {
        Graphics2D graphics =
            image.getSubimage(column * WIDTH, row * HEIGHT, WIDTH, HEIGHT).createGraphics();
        try {
          graphics.setColor(Color.WHITE);
          graphics.fillRect(0, 0, WIDTH, HEIGHT);
          if (column < rows.get(row).size()) {
            draw(graphics, rows.get(row).get(column));
          }
        } finally {
          graphics.dispose();
        }
      }
    }
    Png.write(file, image);
  }

  private static void draw(Graphics2D graphics, Panel panel) {
    if (panel.curves().isEmpty()) {
      drawAbsence(graphics, panel);
    } else {
      chart(panel).paint(graphics, WIDTH, HEIGHT);
    }
  }

  private static void drawAbsence(Graphics2D graphics, Panel panel) {
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setColor(Color.BLACK);
    drawCentred(graphics, TITLE, panel.title(), 5 * PADDING / 2);
    graphics.setColor(REFERENCE);
    drawCentred(graphics, TEXT, panel.absence(), HEIGHT / 2);
  }

  private static void drawCentred(Graphics2D graphics, Font font, String text, int baseline) {
    graphics.setFont(font);
    FontMetrics metrics = graphics.getFontMetrics();
    graphics.drawString(text, (WIDTH - metrics.stringWidth(text)) / 2, baseline);
  }

  private static XYChart chart(Panel panel) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(panel.title())
            .xAxisTitle(panel.xAxis())
            .build();
    style(chart.getStyler(), panel);
    List<String> yAxes = panel.yAxes();
    for (int axis = 0; axis < yAxes.size(); axis++) {
      chart.setYAxisGroupTitle(axis, yAxes.get(axis));
    }
    keepTicksRound(chart, panel.curves().get(0));
    for (int i = 0; i < panel.curves().size(); i++) {
      Panel.Curve curve = panel.curves().get(i);
      Color colour = curve.style() == Panel.Style.REFERENCE ? REFERENCE : COLOURS[i];
      XYSeries series = chart.addSeries(curve.name(), curve.x(), curve.y());
      series.setYAxisGroup(yAxes.indexOf(curve.yAxis()));
      series.setMarker(
          curve.style() == Panel.Style.LINE && curve.x().length <= MOST_MARKERS
              ? SeriesMarkers.CIRCLE
              : SeriesMarkers.NONE);
      series.setMarkerColor(colour);
      series.setLineColor(colour);
      series.setLineStyle(curve.style() == Panel.Style.REFERENCE ? DASHED : SOLID);
      if (curve.style() == Panel.Style.BARS) {
        series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Area);
        series.setFillColor(BARS);
      }
    }
    return chart;
  }

  /**
   * Where the data are equally spaced, XChart puts the ticks there and not at round numbers. An
   * unseen series before them, from one end to the other, breaks the spacing and changes no range.
   */
  private static void keepTicksRound(XYChart chart, Panel.Curve curve) {
    int last = curve.x().length - 1;
    XYSeries unseen =
        chart.addSeries(
            " ",
            new double[] {curve.x()[0], curve.x()[last]},
            new double[] {curve.y()[0], curve.y()[last]});
    unseen.setShowInLegend(false);
    unseen.setMarker(SeriesMarkers.NONE);
    unseen.setLineStyle(SeriesLines.NONE);
  }

  private static void style(XYStyler styler, Panel panel) {
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setPlotBackgroundColor(Color.WHITE);
    styler.setPlotGridLinesColor(new Color(0xDDDDDD));
    styler.setChartTitleBoxVisible(false);
    styler.setChartTitleFont(TITLE);
    styler.setChartTitlePadding(PADDING / 2);
    styler.setAxisTitleFont(TEXT);
    styler.setAxisTickLabelsFont(TEXT);
    styler.setLegendFont(TEXT);
    styler.setLegendBorderColor(Color.WHITE);
    boolean fit = panel.curves().size() <= MOST_IN_A_ROW;
    styler.setLegendPosition(fit ? Styler.LegendPosition.OutsideS : Styler.LegendPosition.OutsideE);
    styler.setLegendLayout(fit ? Styler.LegendLayout.Horizontal : Styler.LegendLayout.Vertical);
    styler.setChartPadding(PADDING);
    styler.setMarkerSize(6);
    styler.setYAxisLogarithmic(panel.logarithmic());
    if (panel.yAxes().size() > 1) {
      styler.setYAxisGroupPosition(1, Styler.YAxisPosition.Right);
      for (int axis = 0; axis < 2; axis++) {
        styler.setYAxisGroupTitleColor(axis, COLOURS[axis]);
        styler.setYAxisGroupTickLabelsColorMap(axis, COLOURS[axis]);
      }
    }
  }
}
