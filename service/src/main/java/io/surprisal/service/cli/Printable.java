package io.surprisal.service.cli;

/** Text from elsewhere, such as a name in a record, as it may be shown on a terminal. */
public final class Printable {
  private Printable() {}

  /**
   * The text with whatever a terminal obeys, or nobody sees, written out: escapes and other control
   * characters, line breaks, marks that turn the direction of writing.
   */
  public static String text(String from) {
    StringBuilder shown = new StringBuilder();
    from.codePoints()
        .forEach(
            c -> {
              if (isObeyed(c)) {
                shown.append(String.format("\\u{%x}", c));
              } else {
                shown.appendCodePoint(c);
              }
            });
    return shown.toString();
  }

  /** JSON that means the same, with such characters as its own escapes; they stand in strings. */
  static String json(String json) {
    StringBuilder shown = new StringBuilder(json.length());
    json.codePoints()
        .forEach(
            c -> {
              if (isObeyed(c)) {
                for (char unit : Character.toChars(c)) {
                  shown.append(String.format("\\u%04x", (int) unit));
                }
              } else {
                shown.appendCodePoint(c);
              }
            });
    return shown.toString();
  }

  private static boolean isObeyed(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          true;
      default -> false;
    };
  }
}
