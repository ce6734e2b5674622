package io.surprisal.docker;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The system that docker/compose.yaml describes, under a project name of its own. */
final class Compose implements AutoCloseable {
  private static final int LONGEST_MINUTES = 5;

  /** Compose v2, else 1.29; empty where neither works. */
  private static final Optional<List<String>> COMMAND =
      Stream.of(List.of("docker", "compose"), List.of("docker-compose"))
          .filter(Compose::works)
          .findFirst();

  private final String project;
  private final Map<String, String> environment;

  Compose(String project, Map<String, String> environment) {
    this.project = project;
    this.environment = environment;
  }

  /** What Compose lacks here, and what brings it; empty: nothing. */
  static Optional<String> lack() {
    return COMMAND.isEmpty()
        ? Optional.of(
            "neither 'docker compose' nor 'docker-compose' is there; on Debian 'apt-get install"
                + " docker-compose' brings one")
        : Optional.empty();
  }

  private static boolean works(List<String> command) {
    List<String> version = new ArrayList<>(command);
    version.add("version");
    try {
      return execute(version, Map.of()).exitCode() == 0;
    } catch (IOException e) {
      return false; // no such program
    }
  }

  /** Runs a command of Compose; returns what it printed on both outputs. */
  String run(String... arguments) throws IOException {
    List<String> line = new ArrayList<>(COMMAND.orElseThrow());
    line.addAll(List.of("-p", project, "-f", Path.of("compose.yaml").toString()));
    line.addAll(List.of(arguments));
    Containers.Ended ended = execute(line, environment);
    if (ended.exitCode() != 0) {
      throw new IllegalStateException(
          line + " ended with " + ended.exitCode() + ": " + ended.said());
    }
    return ended.said();
  }

  /** The container of a service. */
  String container(String service) throws IOException {
    return run("ps", "-q", service).lines().findFirst().orElseThrow();
  }

  private static Containers.Ended execute(List<String> command, Map<String, String> environment)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      if (!process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new IllegalStateException(command + " does not end");
      }
      return new Containers.Ended(process.exitValue(), said);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Removes containers, networks and volumes. */
  @Override
  public void close() throws IOException {
    run("down", "--volumes", "--timeout", "5");
  }
}
