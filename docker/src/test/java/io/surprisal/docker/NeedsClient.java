package io.surprisal.docker;

import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Tests that need clients which are not ours. Where one lacks, the test is skipped and standard
 * error says why; with {@code -Dclients.required=true} it fails.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsClient.Condition.class)
@interface NeedsClient {

  Client[] value();

  /** A client, how to ask for it, and what to do where it lacks. */
  enum Client {
    KCAT("apt-get install kcat", "kcat", "-V"),
    PYTHON(
        "apt-get install python3-confluent-kafka python3-avro",
        python(),
        "-c",
        "import avro.schema, confluent_kafka"),
    NODE(
        "install Node 18.11 or newer",
        "node",
        "-e",
        "const {parseArgs} = require('node:util');"
            + "const options = {a: {type: 'string', default: 'b'}};"
            + "process.exit(parseArgs({args: [], options}).values.a === 'b' ? 0 : 1)"),
    NPM("install npm", "npm", "--version");

    private final String remedy;
    private final List<String> question;

    Client(String remedy, String... question) {
      this.remedy = remedy;
      this.question = List.of(question);
    }

    /** Debian's Python sees Debian's packages; another one on the path does not. */
    static String python() {
      return Files.isExecutable(Path.of("/usr/bin/python3")) ? "/usr/bin/python3" : "python3";
    }
  }

  /** Asks each client once. */
  final class Condition implements ExecutionCondition {

    private static final Map<Client, Optional<String>> ANSWERS = new EnumMap<>(Client.class);

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      Optional<NeedsClient> needs =
          AnnotationSupport.findAnnotation(context.getElement(), NeedsClient.class);
      List<String> lacking = new ArrayList<>();
      if (needs.isPresent()) {
        for (Client client : needs.get().value()) {
          lacking(client).ifPresent(lacking::add);
        }
      }
      if (lacking.isEmpty()) {
        return ConditionEvaluationResult.enabled("the clients are there");
      }
      String reason = String.join("; ", lacking);
      skip(context.getDisplayName(), reason);
      return ConditionEvaluationResult.disabled(reason);
    }

    /**
     * Says aloud that a test is skipped.
     *
     * @throws IllegalStateException if it must not be
     */
    static void skip(String test, String reason) {
      if (Boolean.getBoolean("clients.required")) {
        throw new IllegalStateException("-Dclients.required=true, but " + reason);
      }
      System.err.println("SKIPPED " + test + ": " + reason);
    }

    private static synchronized Optional<String> lacking(Client client) {
      return ANSWERS.computeIfAbsent(client, Condition::ask);
    }

    private static Optional<String> ask(Client client) {
      String reason;
      try {
        Process process =
            new ProcessBuilder(client.question)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        int exitCode = process.waitFor();
        if (exitCode == 0) {
          return Optional.empty();
        }
        reason = "'" + String.join(" ", client.question) + "' gave " + exitCode;
      } catch (IOException e) {
        reason = e.getMessage();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        reason = "interrupted";
      }
      return Optional.of("no " + client + " (" + client.remedy + "): " + reason);
    }
  }
}
