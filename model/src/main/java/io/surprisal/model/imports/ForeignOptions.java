package io.surprisal.model.imports;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.surprisal.model.release.ReleaseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The options that another implementation was run with, as a JSON object; or an object that holds
 * them as its {@code config}, with what else is known of the model beside it.
 *
 * <p>Collects what is missing or of a wrong type instead of stopping at the first, so that a user
 * sees all of it at once; a faulty option reads as 0, false or absent until {@link #check}.
 */
final class ForeignOptions {
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private final String file;
  private final JsonNode around;
  private final JsonNode config;
  private final Optional<ImageSize> givenSize;
  private final List<String> faults = new ArrayList<>();
  private boolean sizeAssumed;

  private ForeignOptions(String file, JsonNode around, Optional<ImageSize> givenSize) {
    this.file = file;
    this.around = around;
    this.config = around.path("config").isObject() ? around.path("config") : around;
    this.givenSize = givenSize;
  }

  /**
   * Options from JSON.
   *
   * @param file that they come from, for messages
   * @param givenSize the image size, if the user named one
   * @throws ReleaseException if the text is no JSON object
   */
  static ForeignOptions parse(String file, String json, Optional<ImageSize> givenSize)
      throws ReleaseException {
    try {
      JsonNode node = JSON.readTree(json);
      if (!node.isObject()) {
        throw new ReleaseException(file + " holds no JSON object with the model's options");
      }
      return new ForeignOptions(file, node, givenSize);
    } catch (JsonProcessingException e) {
      throw new ReleaseException(file + " is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  private Optional<JsonNode> find(String name) {
    JsonNode node = around.hasNonNull(name) ? around.get(name) : config.path(name);
    return node.isMissingNode() || node.isNull() ? Optional.empty() : Optional.of(node);
  }

  private JsonNode require(String name, String type) {
    Optional<JsonNode> node = find(name);
    if (node.isEmpty()) {
      faults.add("missing " + name + ", " + type);
    }
    return node.orElse(config.path(name));
  }

  /** A whole number. */
  int integer(String name) {
    JsonNode node = require(name, "a whole number");
    if (node.isNumber() && node.canConvertToExactIntegral() && node.canConvertToInt()) {
      return node.intValue();
    }
    wrong(name, node, "a whole number");
    return 0;
  }

  /** A number. */
  double number(String name) {
    JsonNode node = require(name, "a number");
    if (node.isNumber()) {
      return node.doubleValue();
    }
    wrong(name, node, "a number");
    return 0;
  }

  /** True or false. */
  boolean flag(String name) {
    JsonNode node = require(name, "true or false");
    if (node.isBoolean()) {
      return node.booleanValue();
    }
    wrong(name, node, "true or false");
    return false;
  }

  /** What one of several words stands for; of two options the first that is there. */
  <T> Optional<T> choice(Map<String, T> choices, String name, String otherwise) {
    String there = find(name).isPresent() ? name : otherwise;
    JsonNode node = require(there, "one of " + choices.keySet());
    T choice = choices.get(node.asText());
    if (choice == null) {
      wrong(there, node, "one of " + choices.keySet());
    }
    return Optional.ofNullable(choice);
  }

  /** As many whole numbers as given, if the option is there. */
  Optional<List<Integer>> integers(String name, int count) {
    Optional<JsonNode> found = find(name);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    List<Integer> integers = new ArrayList<>();
    found
        .get()
        .forEach(
            node ->
                integers.add(
                    node.canConvertToExactIntegral() && node.canConvertToInt()
                        ? node.intValue()
                        : -1));
    if (!found.get().isArray() || integers.size() != count || integers.contains(-1)) {
      wrong(name, found.get(), count + " whole numbers");
      return Optional.empty();
    }
    return Optional.of(List.copyOf(integers));
  }

  /** The images' size: what the options say, what the user says, or the usual one. */
  ImageSize imageSize(Optional<ImageSize> named) {
    if (named.isPresent() && givenSize.isPresent() && !named.equals(givenSize)) {
      faults.add("the images are " + named.get() + ", not " + givenSize.get() + " as asked for");
    }
    sizeAssumed = named.isEmpty() && givenSize.isEmpty();
    return named.or(() -> givenSize).orElse(ImageSize.USUAL);
  }

  /** Whether nobody said how large the images are. */
  boolean sizeAssumed() {
    return sizeAssumed;
  }

  /** Adds a fault unless what an option demands holds. */
  void demand(boolean holds, String fault) {
    if (!holds) {
      faults.add(fault);
    }
  }

  private void wrong(String name, JsonNode node, String type) {
    if (!node.isMissingNode() && !node.isNull()) {
      faults.add(name + " is " + node + ", must be " + type);
    }
  }

  /**
   * Ends the reading.
   *
   * @throws ReleaseException listing every fault, if there is any
   */
  void check() throws ReleaseException {
    if (!faults.isEmpty()) {
      throw new ReleaseException(
          file + " does not describe a model that can be imported: " + faults);
    }
  }
}
