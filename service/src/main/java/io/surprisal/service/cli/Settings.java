package io.surprisal.service.cli;

import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.eclipse.microprofile.config.spi.ConfigSource;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The settings that come from outside the command line. An option {@code --alert-rate} of the
 * command {@code score} is looked for under {@code score.alert-rate}, then under {@code
 * alert-rate}; each first in the environment ({@code SURPRISAL_SCORE_ALERT_RATE}), then in the
 * settings file. A flag on the command line beats both. Names that begin with {@code kafka.} are
 * properties of Kafka's clients ({@code SURPRISAL_KAFKA_SECURITY_PROTOCOL} is {@code
 * kafka.security.protocol}).
 */
public final class Settings {

  /** The file that is read when none is named and it exists. */
  static final Path DEFAULT_FILE = Path.of("surprisal.properties");

  private static final String PREFIX = "surprisal.";
  private static final String KAFKA = "kafka.";
  private static final String KAFKA_ENVIRONMENT = "SURPRISAL_KAFKA_";

  /**
   * A setting and where it was found.
   *
   * @param name the name without the prefix {@code surprisal.}
   * @param origin the environment variable or the file
   */
  public record Setting(String name, String value, String origin) {}

  private final Map<String, String> environment;
  private final Map<String, String> fromFile;
  private final String file;

  /** The environment, then the file: the first that has a name says its value. */
  private final List<ConfigSource> sources;

  private Settings(Map<String, String> environment, Map<String, String> fromFile, String file) {
    this.environment = environment;
    this.fromFile = fromFile;
    this.file = file;
    this.sources =
        List.of(
            new EnvConfigSource(environment, ConfigSource.DEFAULT_ORDINAL),
            new PropertiesConfigSource(fromFile, file, ConfigSource.DEFAULT_ORDINAL));
  }

  /**
   * Reads the environment, and {@link #DEFAULT_FILE} where it exists.
   *
   * @throws IOException when the file cannot be read
   */
  public static Settings load(Map<String, String> environment) throws IOException {
    return read(environment, DEFAULT_FILE);
  }

  /**
   * Reads the environment and a file that the user names.
   *
   * @throws MissingDependencyException when the file is not there
   * @throws IOException when the file cannot be read
   */
  public static Settings load(Map<String, String> environment, Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new MissingDependencyException("no settings file " + file);
    }
    return read(environment, file);
  }

  private static Settings read(Map<String, String> environment, Path path) throws IOException {
    Properties properties = new Properties();
    if (Files.isRegularFile(path)) {
      try (Reader reader = Files.newBufferedReader(path)) {
        properties.load(reader);
      } catch (IllegalArgumentException | CharacterCodingException e) {
        throw new IOException(
            "settings file " + path + " is not UTF-8 properties: " + e.getMessage(), e);
      }
    }
    Map<String, String> prefixed = new HashMap<>();
    for (String name : properties.stringPropertyNames()) {
      String full = name.startsWith(PREFIX) ? name : PREFIX + name;
      prefixed.put(full, properties.getProperty(name));
    }
    Map<String, String> ours = new HashMap<>();
    environment.forEach(
        (name, value) -> {
          if (name.startsWith("SURPRISAL_")) {
            ours.put(name, value);
          }
        });
    return new Settings(ours, prefixed, path.toString());
  }

  /** Whether an option can be set outside the command line. */
  public static boolean takes(OptionSpec option) {
    return !option.isMultiValue()
        && !option.usageHelp()
        && !option.versionHelp()
        && !key(option).equals("settings");
  }

  /** The name of an option's setting: its long name without the dashes. */
  public static String key(OptionSpec option) {
    return option.longestName().replaceFirst("^-+", "");
  }

  /** The value of a command's option; empty too where it cannot be set outside the command line. */
  public Optional<Setting> find(String command, OptionSpec option) {
    return takes(option) ? find(command, key(option)) : Optional.empty();
  }

  /** The value of an option that the command line leaves out. */
  Optional<Setting> find(String command, String option) {
    return find(command + "." + option).or(() -> find(option));
  }

  /** The properties of Kafka's clients, without the prefix {@code kafka.}, sorted by name. */
  public Map<String, Setting> kafka() {
    Map<String, Setting> found = new TreeMap<>();
    Set<String> names = new TreeSet<>();
    for (String name : fromFile.keySet()) {
      if (name.startsWith(PREFIX + KAFKA)) {
        names.add(name.substring(PREFIX.length()));
      }
    }
    for (String name : environment.keySet()) {
      if (name.startsWith(KAFKA_ENVIRONMENT)) {
        String key = name.substring(KAFKA_ENVIRONMENT.length());
        names.add(KAFKA + key.toLowerCase(Locale.ROOT).replace('_', '.'));
      }
    }
    for (String name : names) {
      find(name).ifPresent(setting -> found.put(name.substring(KAFKA.length()), setting));
    }
    return found;
  }

  /** All variables of Surprisal's, as they are called in the environment. */
  Map<String, String> environment() {
    return environment;
  }

  /** The names in the settings file, without the prefix. */
  public Set<String> namesInFile() {
    Set<String> names = new TreeSet<>();
    fromFile.keySet().forEach(name -> names.add(name.substring(PREFIX.length())));
    return names;
  }

  private Optional<Setting> find(String name) {
    for (ConfigSource source : sources) {
      String value = source.getValue(PREFIX + name);
      if (value != null) {
        String origin = source instanceof EnvConfigSource ? SettingNames.variable(name) : file;
        return Optional.of(new Setting(name, value, origin));
      }
    }
    return Optional.empty();
  }
}
