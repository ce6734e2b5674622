package io.surprisal.service;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** What the command did when it ran in this process. */
record CommandRun(int exitCode, String out, String err) {

  static CommandRun of(String... args) {
    return of(Map.of(), new StopSignal(), args);
  }

  static CommandRun of(Map<String, String> environment, StopSignal stop, String... args) {
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

  List<String> outLines() {
    return out.lines().toList();
  }

  List<String> errLines() {
    return err.lines().toList();
  }
}
