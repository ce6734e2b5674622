package io.surprisal.service;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.surprisal.model.training.FitConfiguration;
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

/** {@code --config}, {@code --set} and {@code --batch}, wherever a network is trained. */
final class ConfigurationOption {

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--config",
      paramLabel = "NAME|FILE",
      defaultValue = FitConfiguration.DEFAULT,
      description =
          "A built-in configuration or a JSON file. Default: ${DEFAULT-VALUE}. Built in: tiny, small,"
              + " medium, reference-small, paper-cifar10.")
  private String name;

  @Option(
      names = "--set",
      paramLabel = "FIELD=VALUE",
      description = "Another value for one field of the configuration; may be repeated.")
  private Map<String, String> fields = new LinkedHashMap<>();

  @Option(names = "--batch", paramLabel = "B", description = "Images a step.")
  private Optional<Integer> batch = Optional.empty();

  /** The configuration with what {@code --set}, {@code --batch} and the caller say. */
  FitConfiguration read(Map<String, ?> more) throws IOException {
    Map<String, Object> values = new LinkedHashMap<>();
    fields.forEach((field, value) -> values.put(field, json(value)));
    batch.ifPresent(b -> values.put("batch", b));
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
      return Json.MAPPER.readTree(value);
    } catch (JsonProcessingException e) {
      return TextNode.valueOf(value);
    }
  }
}
