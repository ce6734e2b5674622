package io.surprisal.service.cli;

import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.Filter;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.ConsoleAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.builder.api.ConfigurationBuilder;
import org.apache.logging.log4j.core.config.builder.api.ConfigurationBuilderFactory;
import org.apache.logging.log4j.core.config.builder.impl.BuiltConfiguration;

/** How much the command and the libraries under it say on standard error, one line an event. */
public enum Logs {
  /** Warnings of Surprisal, errors of libraries. */
  QUIET(Level.WARN, Level.ERROR, "%notEmpty{ (%ex{short.message})}%n%ex{none}"),
  /** What Surprisal does, warnings of libraries. */
  NORMAL(Level.INFO, Level.WARN, "%notEmpty{ (%ex{short.message})}%n%ex{none}"),
  /** Everything, with stack traces. */
  VERBOSE(Level.DEBUG, Level.INFO, "%n%ex");

  /**
   * Warnings of libraries that are true of every machine without a GPU, every new data directory,
   * every end of a broker and every stream: nobody can do anything about them.
   */
  private static final String HARMLESS =
      ".*(Failed to detect GPU count|Performing controller activation|NetworkClient that has already"
          + " been closed|exception handler is not enabled for the GlobalThread).*";

  /** What a terminal obeys, or shows in another order, but for line breaks and tabs. */
  private static final String OBEYED =
      "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2066-\\u2069]";

  /** How a line is written. */
  public enum Format {
    /** For people: control characters are replaced, so that no line obeys what an image says. */
    TEXT,
    /**
     * An object of JSON: time, level, logger, thread, message and, where there is one, exception.
     */
    JSON
  }

  static final String OBJECT =
      "{\"time\":\"%d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}{UTC}\",\"level\":\"%p\",\"logger\":\"%c{1}\","
          + "\"thread\":\"%enc{%t}{JSON}\",\"message\":\"%enc{%m}{JSON}\""
          + "%notEmpty{,\"exception\":\"%enc{%ex}{JSON}\"}}%n";

  private final Level ours;
  private final Level libraries;
  private final String exception;

  Logs(Level ours, Level libraries, String exception) {
    this.ours = ours;
    this.libraries = libraries;
    this.exception = exception;
  }

  private String text() {
    return "%d{HH:mm:ss} %-5p %c{1}: %replace{%m" + exception + "}{" + OBEYED + "}{?}";
  }

  /** Makes this the configuration of the process. */
  public void configure(Format format) {
    ConfigurationBuilder<BuiltConfiguration> builder =
        ConfigurationBuilderFactory.newConfigurationBuilder();
    builder
        .setStatusLevel(Level.ERROR)
        .add(
            builder
                .newAppender("stderr", "Console")
                .addAttribute("target", ConsoleAppender.Target.SYSTEM_ERR)
                .add(
                    builder
                        .newFilter("RegexFilter", Filter.Result.DENY, Filter.Result.NEUTRAL)
                        .addAttribute("regex", HARMLESS))
                .add(
                    builder
                        .newLayout("PatternLayout")
                        .addAttribute("alwaysWriteExceptions", false)
                        .addAttribute("pattern", format == Format.JSON ? OBJECT : text())))
        .add(builder.newLogger("io.surprisal", ours))
        .add(builder.newRootLogger(libraries).add(builder.newAppenderRef("stderr")));
    BuiltConfiguration configuration = builder.build(false);
    // Where nothing has logged yet, the log starts with this, instead of one that it looks for
    // first.
    LoggerContext context = Configurator.initialize(configuration);
    if (context.getConfiguration() != configuration) {
      Configurator.reconfigure(configuration);
    }
  }
}
