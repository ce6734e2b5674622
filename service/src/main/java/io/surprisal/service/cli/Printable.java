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
              switch (Character.getType(c)) {
                case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED ->
                    shown.append(String.format("\\u{%x}", c));
                default -> shown.appendCodePoint(c);
              }
            });
    return shown.toString();
  }
}
