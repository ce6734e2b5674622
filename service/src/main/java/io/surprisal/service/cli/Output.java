package io.surprisal.service.cli;

import java.io.PrintStream;
import picocli.CommandLine.Option;

/** The results of a command on standard output: a table for people, or JSON with {@code --json}. */
public final class Output {

  private final PrintStream out;

  @Option(names = "--json", description = "Print JSON instead of a table.")
  private boolean json;

  public Output(Invocation invocation) {
    this.out = invocation.out();
  }

  /** Whether the user asked for JSON. */
  public boolean json() {
    return json;
  }

  /** Prints one of the two: the value on one line of JSON, or the table. */
  public void print(Object value, Table table) {
    if (json) {
      out.println(Json.line(value));
    } else {
      table.print(out);
    }
    out.flush();
  }

  /**
   * Prints one of the two as a line of a longer output: the value as JSON, or the text, of which a
   * terminal obeys nothing, see {@link Printable}.
   */
  public void printLine(Object value, String text) {
    out.println(json ? Json.line(value) : Printable.text(text));
    out.flush();
  }

  /** Whether nobody reads any more, for example because {@code head} has seen enough. */
  public boolean closed() {
    return out.checkError();
  }
}
