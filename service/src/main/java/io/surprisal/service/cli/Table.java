package io.surprisal.service.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * An aligned table for people: text to the left, numbers to the right, fractions to four digits. A
 * terminal obeys nothing of what stands in a cell, see {@link Printable}.
 */
public final class Table {

  private final List<String> headers;
  private final List<List<String>> rows = new ArrayList<>();
  private final boolean[] numeric;

  public Table(String... headers) {
    this.headers = List.of(headers);
    this.numeric = new boolean[headers.length];
  }

  /** Adds a row; a column whose cells are numbers is aligned to the right. */
  public Table row(Object... cells) {
    if (cells.length != headers.size()) {
      throw new IllegalArgumentException(cells.length + " cells under " + headers);
    }
    List<String> row = new ArrayList<>();
    for (int column = 0; column < cells.length; column++) {
      numeric[column] |= cells[column] instanceof Number;
      row.add(text(cells[column]));
    }
    rows.add(row);
    return this;
  }

  /** Prints headers and rows. */
  public void print(PrintStream out) {
    int[] widths =
        IntStream.range(0, headers.size())
            .map(
                column ->
                    Math.max(
                        headers.get(column).length(),
                        rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0)))
            .toArray();
    print(out, headers, widths);
    rows.forEach(row -> print(out, row, widths));
  }

  private void print(PrintStream out, List<String> cells, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < cells.size(); column++) {
      String padding = " ".repeat(widths[column] - cells.get(column).length());
      line.append(numeric[column] ? padding + cells.get(column) : cells.get(column) + padding);
      line.append("  ");
    }
    out.println(line.toString().stripTrailing());
  }

  private static String text(Object cell) {
    return cell instanceof Double || cell instanceof Float
        ? String.format(Locale.ROOT, "%.4f", ((Number) cell).doubleValue())
        : Printable.text(String.valueOf(cell));
  }
}
