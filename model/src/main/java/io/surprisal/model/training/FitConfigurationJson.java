package io.surprisal.model.training;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A {@link FitConfiguration} as one flat JSON object: the fields of its parts one after the other.
 * Checkpoints and releases hold it so, and users write it so.
 */
final class FitConfigurationJson {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .enable(
              DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS,
              DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
              DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** The fields of all parts, and no others. */
  private static final Set<String> NAMES =
      Arrays.stream(FitConfiguration.class.getRecordComponents())
          .flatMap(part -> Arrays.stream(part.getType().getRecordComponents()))
          .map(RecordComponent::getName)
          .collect(Collectors.toUnmodifiableSet());

  private FitConfigurationJson() {}

  /** What the text leaves out is as in {@value FitConfiguration#DEFAULT}. */
  static FitConfiguration parse(String json) {
    return configuration(
        changed(JSON.valueToTree(FitConfiguration.named(FitConfiguration.DEFAULT)), object(json)));
  }

  /** A text that names every field. */
  static FitConfiguration whole(String json) {
    return configuration(object(json));
  }

  private static ObjectNode object(String json) {
    try {
      if (JSON.readTree(json) instanceof ObjectNode given) {
        return given;
      }
      throw new IllegalArgumentException("fit configuration is no JSON object: " + json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "fit configuration is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  static FitConfiguration with(FitConfiguration configuration, Map<String, ?> values) {
    return configuration(changed(JSON.valueToTree(configuration), JSON.valueToTree(values)));
  }

  private static ObjectNode changed(ObjectNode fields, ObjectNode given) {
    for (Map.Entry<String, JsonNode> field : given.properties()) {
      if (!fields.has(field.getKey())) {
        throw new IllegalArgumentException(
            "fit configuration: unknown field '"
                + field.getKey()
                + "'; the fields are "
                + fields.properties().stream().map(Map.Entry::getKey).toList());
      }
      fields.set(field.getKey(), field.getValue());
    }
    return fields;
  }

  static Map<String, Object> fields(FitConfiguration configuration) {
    Map<String, Object> fields = new LinkedHashMap<>();
    List<Record> parts =
        List.of(
            configuration.network(),
            configuration.noise(),
            configuration.loss(),
            configuration.step(),
            configuration.optimisation(),
            configuration.course(),
            configuration.average());
    for (Record part : parts) {
      fields.putAll(JSON.convertValue(part, new TypeReference<LinkedHashMap<String, Object>>() {}));
    }
    return fields;
  }

  private static FitConfiguration configuration(ObjectNode fields) {
    try {
      FitConfiguration configuration = JSON.treeToValue(fields, FitConfiguration.class);
      int side = 1 << Math.min(configuration.network().coarse().size(), 12);
      ModelConfiguration model =
          configuration.model(new ImageShape(1, side, side)); // checks the network
      NoiseSchedule.of(model, InitialParameters.drawSchedule(model, 0)); // checks its end points
      return configuration;
    } catch (ValueInstantiationException e) {
      throw new IllegalArgumentException(
          Objects.requireNonNullElse(e.getCause(), e).getMessage(), e);
    } catch (InvalidFormatException e) {
      throw new IllegalArgumentException(
          "fit configuration: %s is %s, must be %s"
              .formatted(field(e), e.getValue(), expected(e.getTargetType())),
          e);
    } catch (JsonMappingException e) {
      throw new IllegalArgumentException(
          "fit configuration: %s has the wrong type of value, or none; its default is %s"
              .formatted(
                  field(e),
                  JSON.valueToTree(FitConfiguration.named(FitConfiguration.DEFAULT))
                      .path(field(e))),
          e);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree is not parsed", e);
    }
  }

  private static String field(JsonMappingException e) {
    return e.getPath().isEmpty() ? "a field" : e.getPath().get(0).getFieldName();
  }

  private static String expected(Class<?> type) {
    return type.isEnum()
        ? "one of " + Arrays.toString(type.getEnumConstants())
        : "of type " + type.getSimpleName();
  }

  /** Gives each part its fields; as strict as the mapper that uses it. */
  static final class Reader extends StdDeserializer<FitConfiguration> {
    private static final long serialVersionUID = 1;

    Reader() {
      super(FitConfiguration.class);
    }

    @Override
    public FitConfiguration deserialize(JsonParser parser, DeserializationContext context)
        throws IOException {
      JsonNode fields = context.readTree(parser);
      for (Map.Entry<String, JsonNode> field : fields.properties()) {
        if (!NAMES.contains(field.getKey())) {
          context.handleUnknownProperty(parser, this, FitConfiguration.class, field.getKey());
        }
      }
      return new FitConfiguration(
          part(parser, fields, FitConfiguration.Network.class),
          part(parser, fields, FitConfiguration.Noise.class),
          part(parser, fields, FitConfiguration.Loss.class),
          part(parser, fields, FitConfiguration.Step.class),
          part(parser, fields, FitConfiguration.Optimisation.class),
          part(parser, fields, FitConfiguration.Course.class),
          part(parser, fields, FitConfiguration.Average.class));
    }

    private static <T extends Record> T part(JsonParser parser, JsonNode fields, Class<T> type)
        throws IOException {
      ObjectNode own = JSON.createObjectNode();
      for (RecordComponent component : type.getRecordComponents()) {
        if (fields.has(component.getName())) {
          own.set(component.getName(), fields.get(component.getName()));
        }
      }
      return parser.getCodec().treeToValue(own, type);
    }
  }
}
