package io.surprisal.service.options;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.TextNode;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.service.cli.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --config} and {@code --set}: the network, and how it is trained. */
public final class ConfigurationOption {
  private static final ObjectReader VALUES =
      Json.MAPPER.reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--config",
      paramLabel = "NAME|FILE",
      description =
          "A built-in configuration or a JSON file (default: for fit what suits images, budget and"
              + " machine, else small). Built in: tiny, small, medium, large, reference-small,"
              + " paper-cifar10.")
  private Optional<String> named = Optional.empty();

  @Option(
      names = "--set",
      paramLabel = "FIELD=VALUE",
      description = "Another value for one field of the configuration; may be repeated.")
  private Map<String, String> fields = new LinkedHashMap<>();

  /** The configuration with what {@code --set} says, and after it the caller. */
  public FitConfiguration read(Map<String, ?> more) throws IOException {
    String name = named.orElse(FitConfiguration.DEFAULT);
    Map<String, Object> values = set();
    values.putAll(more);
    try {
      FitConfiguration configuration =
          FitConfiguration.names().contains(name) || !Files.exists(Path.of(name))
              ? FitConfiguration.named(name)
              : FitConfiguration.parse(Files.readString(Path.of(name)));
      return configuration.with(values);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }

  /** A value as JSON where it is that (3, true, [5, 6]), else as text (V). */
  private static JsonNode json(String value) {
    try {
      JsonNode node = VALUES.readTree(value);
      return node.isMissingNode() ? TextNode.valueOf(value) : node;
    } catch (JsonProcessingException e) {
      return TextNode.valueOf(value);
    }
  }

  /** What {@code --set} says. */
  public Map<String, Object> set() {
    Map<String, Object> values = new LinkedHashMap<>();
    fields.forEach((field, value) -> values.put(field, json(value)));
    return values;
  }

  /** Whether the user has named a configuration. */
  public boolean isNamed() {
    return named.isPresent();
  }

  /** Whether the user has chosen anything of a configuration. */
  public boolean given() {
    return !fields.isEmpty() || named.isPresent();
  }
}
