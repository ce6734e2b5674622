package io.surprisal.service.web;

import java.io.File;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Tests with other people's programs, such as a real browser. Where one lacks, they are skipped and
 * standard error says why; with {@code -Dclients.required=true} they fail.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsPrograms.Condition.class)
public @interface NeedsPrograms {

  /** By the names that start them. */
  String[] value();

  /** Debian's packages that bring them. */
  String from();

  /** Looks for the programs. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      Optional<NeedsPrograms> needs =
          AnnotationSupport.findAnnotation(context.getElement(), NeedsPrograms.class);
      for (String program : needs.map(NeedsPrograms::value).orElse(new String[0])) {
        if (!isThere(program)) {
          String reason = "no " + program + " on the path; apt-get install " + needs.get().from();
          if (Boolean.getBoolean("clients.required")) {
            throw new IllegalStateException("-Dclients.required=true, but " + reason);
          }
          System.err.println("SKIPPED " + context.getDisplayName() + ": " + reason);
          return ConditionEvaluationResult.disabled(reason);
        }
      }
      return ConditionEvaluationResult.enabled("the programs are there");
    }

    private static boolean isThere(String program) {
      for (String folder : System.getenv("PATH").split(File.pathSeparator)) {
        if (Files.isExecutable(Path.of(folder, program))) {
          return true;
        }
      }
      return false;
    }
  }
}
