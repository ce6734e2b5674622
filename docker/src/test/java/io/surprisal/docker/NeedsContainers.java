package io.surprisal.docker;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Tests that need a container engine and the images. Where these lack, the tests are left out, and
 * say aloud why; with {@code -Ddocker.required=true} they fail.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsContainers.Condition.class)
@interface NeedsContainers {

  /** Whether they need Compose as well. */
  boolean compose() default false;

  /** Looks for engine and images. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      Optional<String> lack =
          Containers.lack().or(() -> needsCompose(context) ? Compose.lack() : Optional.empty());
      if (lack.isEmpty()) {
        return ConditionEvaluationResult.enabled("engine and images are there");
      }
      if (Boolean.getBoolean("docker.required")) {
        throw new IllegalStateException(
            "docker.required is true, but " + lack.get() + "; see docker/README.md");
      }
      System.err.printf("SKIPPED %s: %s%n", context.getDisplayName(), lack.get());
      return ConditionEvaluationResult.disabled(lack.get());
    }

    private static boolean needsCompose(ExtensionContext context) {
      return AnnotationSupport.findAnnotation(context.getElement(), NeedsContainers.class)
          .map(NeedsContainers::compose)
          .orElse(false);
    }
  }
}
