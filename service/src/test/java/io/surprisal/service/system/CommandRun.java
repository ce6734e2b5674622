package io.surprisal.service.system;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.surprisal.service.Surprisal;
import io.surprisal.service.cli.StopSignal;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** What the command did when it ran in this process. */
public record CommandRun(int exitCode, String out, String err) {

  public static CommandRun of(String... args) {
    return of(Map.of(), new StopSignal(), args);
  }

  public static CommandRun of(Map<String, String> environment, StopSignal stop, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int exitCode =
        Surprisal.run(
            new PrintStream(out, true, UTF_8),
            new PrintStream(err, true, UTF_8),
            OptionalInt.empty(),
            environment,
            stop,
            args);
    return new CommandRun(exitCode, out.toString(UTF_8), err.toString(UTF_8));
  }

  public List<String> outLines() {
    return out.lines().toList();
  }

  public List<String> errLines() {
    return err.lines().toList();
  }
}
