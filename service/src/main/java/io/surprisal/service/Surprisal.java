package io.surprisal.service;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.surprisal.service.cli.Durations;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Logs;
import io.surprisal.service.cli.OwnWords;
import io.surprisal.service.cli.Printable;
import io.surprisal.service.cli.SettingNames;
import io.surprisal.service.cli.Settings;
import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.cli.Version;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The {@code surprisal} command. Exit codes: 0 done, 1 failed, 2 usage, 3 something outside it (a
 * broker, a release, a file, a port, a directory) is not there; 130 and 143 after an orderly end on
 * Ctrl-C or SIGTERM.
 */
@Command(
    name = "surprisal",
    description = "Says in bits per dimension how surprising each image of a Kafka stream is.",
    versionProvider = Version.class,
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Every option with one value can also come from the environment (--alert-rate of score:"
          + " SURPRISAL_SCORE_ALERT_RATE or SURPRISAL_ALERT_RATE) or from the settings file"
          + " (score.alert-rate or alert-rate); 'surprisal config' shows what holds.",
      "Exit codes: 0 done, 1 failed, 2 usage, 3 a broker, release, file, port or directory is not"
          + " there; 130 and 143 after Ctrl-C and SIGTERM."
    })
public final class Surprisal {

  @Spec private CommandSpec spec;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Say more on standard error, with stack traces.")
  private boolean verbose;

  @Option(
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      description = "Say only warnings on standard error.")
  private boolean quiet;

  @Option(
      names = "--log-format",
      paramLabel = "text|json",
      scope = ScopeType.INHERIT,
      description =
          "Lines of the log on standard error for people, or each an object of JSON (default: text).")
  private Logs.Format logFormat = Logs.Format.TEXT;

  @Option(
      names = "--settings",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "The settings file (default: surprisal.properties, where it exists).")
  @SuppressWarnings("UnusedVariable") // read before the line is parsed
  private Optional<Path> settingsFile = Optional.empty();

  Surprisal() {}

  /** Runs the command as a process. */
  public static void main(String[] args) {
    // Numbers are for programs, too, and the texts around them English: one form on every machine.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    StopSignal stop = StopSignal.ofProcess();
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8);
    PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, UTF_8);
    Integer columns = Integer.getInteger("surprisal.columns");
    OptionalInt width = columns == null ? OptionalInt.empty() : OptionalInt.of(columns);
    int exitCode = run(out, err, width, System.getenv(), stop, args);
    out.flush();
    System.exit(exitCode == 0 ? stop.exitCode().orElse(0) : exitCode);
  }

  /**
   * Runs the command in this process and returns its exit code.
   *
   * @param terminalWidth the columns of the terminal behind {@code err}; empty where there is none
   */
  public static int run(
      PrintStream out,
      PrintStream err,
      OptionalInt terminalWidth,
      Map<String, String> environment,
      StopSignal stop,
      String... args) {
    Surprisal root = new Surprisal();
    try {
      Optional<Path> file = settingsFile(environment, args);
      Settings settings =
          file.isPresent() ? Settings.load(environment, file.get()) : Settings.load(environment);
      Invocation invocation =
          new Invocation(Surprisal.class, out, err, terminalWidth, settings, stop);
      CommandLine line = commandLine(root, invocation, args);
      line.setExecutionStrategy(parsed -> root.execute(parsed, invocation));
      return line.execute(args);
    } catch (Exception | LinkageError | OutOfMemoryError e) {
      return report(e, err, root.verbose);
    }
  }

  /**
   * The command line with groups and defaults.
   *
   * @param args if they name a command, it is the only one that is built
   */
  static CommandLine commandLine(Surprisal root, Invocation invocation, String... args) {
    CommandLine line = new CommandLine(root);
    CommandGroups groups = new CommandGroups();
    groups
        .needed(line.getCommandSpec(), args)
        .forEach(entry -> line.addSubcommand(entry.name(), entry.build(invocation)));
    describe(line.getSubcommands());
    line.getHelpSectionMap()
        .put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, help -> groups.help(line.getSubcommands()));
    line.setOut(new PrintWriter(invocation.out(), true, UTF_8));
    line.setErr(new PrintWriter(invocation.err(), true, UTF_8));
    line.setUsageHelpAutoWidth(false);
    line.setUsageHelpWidth(100);
    line.setUnmatchedOptionsAllowedAsOptionParameters(false);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.registerConverter(Duration.class, Durations::parse);
    line.setDefaultValueProvider(argument -> defaultValue(argument, invocation.settings()));
    line.setParameterExceptionHandler(Surprisal::reportUsage);
    line.setExecutionExceptionHandler(
        (e, command, parsed) -> report(e, invocation.err(), root.verbose));
    return line;
  }

  private static void describe(Map<String, CommandLine> commands) {
    commands
        .values()
        .forEach(
            command -> {
              OwnWords.apply(command.getCommandSpec());
              command.getCommandSpec().mixinStandardHelpOptions(true);
              describe(command.getSubcommands());
            });
  }

  private int execute(ParseResult parsed, Invocation invocation) {
    if (!parsed.hasSubcommand()
        && !parsed.isUsageHelpRequested()
        && !parsed.isVersionHelpRequested()) {
      throw new ParameterException(spec.commandLine(), "Missing command");
    }
    requireKnownSettings(parsed, invocation);
    Integer told = CommandLine.executeHelpRequest(parsed);
    if (told != null) {
      return told; // help logs nothing, and the log takes longer to start
    }
    if (verbose) {
      Logs.VERBOSE.configure(logFormat);
    } else if (quiet) {
      invocation.beQuiet();
      Logs.QUIET.configure(logFormat);
    } else {
      Logs.NORMAL.configure(logFormat);
    }
    return new RunLast().execute(parsed);
  }

  /** But for those commands that only tell: {@code config} says of all names which are none. */
  private void requireKnownSettings(ParseResult parsed, Invocation invocation) {
    if (!parsed.hasSubcommand()
        || CommandGroups.TELLING.contains(parsed.subcommand().commandSpec().name())) {
      return;
    }
    List<String> objections = objections(spec.commandLine(), invocation);
    if (!objections.isEmpty()) {
      // What is unknown to the one command that is built may be another's.
      objections = objections(commandLine(new Surprisal(), invocation), invocation);
    }
    if (!objections.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          String.join("; ", objections) + ". 'surprisal config' shows all settings");
    }
  }

  private static List<String> objections(CommandLine line, Invocation invocation) {
    return new SettingNames(line.getSubcommands()).objections(invocation.settings());
  }

  private static int reportUsage(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    PrintWriter err = command.getErr();
    err.println(name + ": " + Printable.text(Failure.of(e).message()));
    if (!CommandLine.UnmatchedArgumentException.printSuggestions(e, err)) {
      err.println("Try '" + name + " --help'.");
    }
    return Failure.USAGE;
  }

  private static int report(Throwable thrown, PrintStream err, boolean stackTrace) {
    Failure failure = Failure.of(thrown);
    err.println("surprisal: " + Printable.text(failure.message()));
    if (stackTrace) {
      thrown.printStackTrace(err);
    }
    return failure.exitCode();
  }

  /** The settings file must be known before the rest of the line can be parsed. */
  private static Optional<Path> settingsFile(Map<String, String> environment, String... args) {
    for (int i = 0; i < args.length; i++) {
      if (args[i].startsWith("--settings=")) {
        return Optional.of(Path.of(args[i].substring("--settings=".length())));
      }
      if (args[i].equals("--settings") && i + 1 < args.length) {
        return Optional.of(Path.of(args[i + 1]));
      }
    }
    return Optional.ofNullable(environment.get("SURPRISAL_SETTINGS")).map(Path::of);
  }

  /** What the environment or the settings file say about an option; null is picocli's "nothing". */
  private static @Nullable String defaultValue(ArgSpec argument, Settings settings) {
    return argument instanceof OptionSpec option
        ? settings.find(option.command().name(), option).map(Settings.Setting::value).orElse(null)
        : null;
  }
}
