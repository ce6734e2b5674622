package io.surprisal.service.cli;

import io.surprisal.schemas.SchemaRegistry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The names that settings may have outside the command line. One that is none of them is an error:
 * who writes {@code SURPRISAL_ALERT_RTAE} believes that the alert rate is set.
 */
public final class SettingNames {

  /** Read by the launcher, or by the compose file, and not by the command. */
  private static final Set<String> OTHERS =
      Set.of("HEAP", "JAVA_OPTS", "TMP", "SETTINGS", "IMAGE", "DATA");

  /** What Kubernetes tells every container of services, and Docker's links before it. */
  private static final Pattern SERVICE =
      Pattern.compile(".*_SERVICE_HOST|.*_SERVICE_PORT(_.*)?|.*_PORT_\\d+_(TCP|UDP|SCTP)(_.*)?");

  private static final Pattern SERVICE_ADDRESS = Pattern.compile("(tcp|udp|sctp)://.*");
  private static final String VARIABLE = "SURPRISAL_";
  private static final String KAFKA_VARIABLE = VARIABLE + "KAFKA_";
  private static final String KAFKA = "kafka.";

  /** Further ones of Kafka Streams' clients. */
  private static final Pattern CLIENT =
      Pattern.compile("(main\\.|restore\\.|global\\.)?(consumer|producer|admin)\\.(.+)");

  /** Read where a setting is Kafka's: its clients' definitions are large. */
  private static final class Kafka {
    static final Set<String> NAMES = kafkaNames();
  }

  private final Set<String> options = new TreeSet<>();

  /** Variable to name. */
  private final Map<String, String> variables = new TreeMap<>();

  /** Options that are given on the command line alone, by their variable. */
  private final Map<String, String> repeated = new TreeMap<>();

  /**
   * @param commands all of them
   */
  public SettingNames(Map<String, CommandLine> commands) {
    add(commands);
  }

  private void add(Map<String, CommandLine> commands) {
    commands
        .values()
        .forEach(
            command -> {
              for (OptionSpec option : command.getCommandSpec().options()) {
                String key = Settings.key(option);
                for (String name : List.of(key, command.getCommandName() + "." + key)) {
                  if (Settings.takes(option)) {
                    options.add(name);
                    variables.put(variable(name), name);
                  } else if (option.isMultiValue()) {
                    repeated.put(variable(name), key);
                  }
                }
              }
              add(command.getSubcommands());
            });
  }

  /** The environment variable of a setting. */
  public static String variable(String name) {
    return VARIABLE + name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
  }

  /** What is wrong with the names of some settings; empty where nothing is. */
  public List<String> objections(Settings settings) {
    List<String> objections = new ArrayList<>();
    for (String name : settings.namesInFile()) {
      if (!name.startsWith(KAFKA) && !options.contains(name)) {
        objections.add(
            Optional.ofNullable(repeated.get(variable(name)))
                .map(SettingNames::onlyOnTheLine)
                .orElseGet(() -> unknown("'" + name + "' in the settings file", name, options)));
      }
    }
    settings
        .environment()
        .forEach((variable, value) -> ofVariable(variable, value).ifPresent(objections::add));
    settings
        .kafka()
        .forEach((name, setting) -> ofKafka(name, setting.origin()).ifPresent(objections::add));
    return objections;
  }

  private Optional<String> ofVariable(String variable, String value) {
    if (variables.containsKey(variable)
        || variable.startsWith(KAFKA_VARIABLE)
        || OTHERS.contains(variable.substring(VARIABLE.length()))
        || SERVICE.matcher(variable).matches()
        || SERVICE_ADDRESS.matcher(value).matches()) {
      return Optional.empty();
    }
    if (repeated.containsKey(variable)) {
      return Optional.of(onlyOnTheLine(repeated.get(variable)) + " (" + variable + ")");
    }
    return Optional.of(unknown(variable, variable, variables.keySet()));
  }

  private static String onlyOnTheLine(String option) {
    return "--" + option + " may be repeated, and is given on the command line alone";
  }

  private static String unknown(String what, String name, Set<String> known) {
    return "no option takes "
        + what
        + nearest(name, known).map(near -> "; is " + near + " meant?").orElse("");
  }

  /**
   * What is wrong with the name of a property of Kafka's clients; empty where nothing is. Plug-ins
   * have settings that Kafka does not know; one that is nearly Kafka's own is a mistake.
   *
   * @param origin where it was given
   */
  public static Optional<String> ofKafka(String name, String origin) {
    String own = name.replaceFirst(CLIENT.pattern(), "$3");
    if (Kafka.NAMES.contains(own) || own.startsWith("surprisal.") || own.startsWith("topic.")) {
      return Optional.empty();
    }
    return nearest(own, Kafka.NAMES)
        .filter(near -> distance(own, near) <= 2)
        .map(near -> "Kafka has no setting '%s' (%s); is %s meant?".formatted(name, origin, near));
  }

  private static Set<String> kafkaNames() {
    Set<String> names = new TreeSet<>();
    Stream.of(
            ConsumerConfig.configNames(),
            ProducerConfig.configNames(),
            AdminClientConfig.configNames(),
            StreamsConfig.configDef().names())
        .forEach(names::addAll);
    names.add(SchemaRegistry.URL);
    names.add(SchemaRegistry.USER_INFO);
    return names;
  }

  /** The known name that is written most like one; empty where none is like it. */
  static Optional<String> nearest(String name, Set<String> known) {
    return known.stream()
        .min(Comparator.comparingInt(candidate -> distance(name, candidate)))
        .filter(near -> distance(name, near) <= Math.max(2, name.length() / 4));
  }

  /**
   * Letters to add, take away, change, or swap with their neighbour (optimal string alignment, the
   * restricted distance of Damerau and Levenshtein).
   */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(d[i - 1][j - 1] + change, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        if (swapped) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
