package io.surprisal.schemas;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParseException;

/**
 * A registry of schemas that speaks Confluent's REST protocol (Confluent Schema Registry API,
 * "Schemas" and "Subjects"; Apicurio's {@code ccompat/v7}, Karapace): schemas by their number, and
 * numbers of schemas. What it has said is kept, so that it is asked once for each schema and not
 * for each record.
 *
 * <p>A process has one at most, see {@link #use}: with one, {@link RecordFormat} writes and reads
 * Confluent's wire format. Thread-safe.
 */
public final class SchemaRegistry {
  /** Setting of its address, or several with commas. */
  public static final String URL = "schema.registry.url";

  /** Setting of {@code USER:PASSWORD}, where the address has none. */
  public static final String USER_INFO = "schema.registry.basic.auth.user.info";

  /** How the settings begin that are its own, and none of Kafka's clients. */
  public static final String SETTINGS = "schema.registry.";

  /** Schemas that are kept; of more the oldest are asked for again. */
  private static final int MOST_SCHEMAS = 1_000;

  /** A number that means nothing is not asked for again for so long. */
  private static final Duration UNKNOWN_FOR = Duration.ofMinutes(1);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static volatile Optional<SchemaRegistry> ofProcess = Optional.empty();

  private final Map<String, String> settings;
  private final RegistryClient client;

  /** By number what was answered; guarded by itself. */
  private final Map<Integer, Known> schemas =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Known> eldest) {
          return size() > MOST_SCHEMAS;
        }
      };

  /** By subject, of which there are as many as types; guarded by itself. */
  private final Map<String, Integer> numbers = new LinkedHashMap<>();

  /**
   * @param schema empty: there is none of the number
   */
  private record Known(Optional<Schema> schema, Instant asked) {
    boolean holds() {
      return schema.isPresent() || Instant.now().isBefore(asked.plus(UNKNOWN_FOR));
    }
  }

  private SchemaRegistry(Map<String, String> settings) {
    this.settings = settings;
    List<URI> addresses =
        Arrays.stream(settings.getOrDefault(URL, "").split(","))
            .map(String::strip)
            .filter(address -> !address.isEmpty())
            .map(SchemaRegistry::address)
            .toList();
    if (addresses.isEmpty()) {
      throw new IllegalArgumentException(URL + " is empty; leave it out, or give an address");
    }
    client = new RegistryClient(addresses, Optional.ofNullable(settings.get(USER_INFO)));
  }

  private static URI address(String text) {
    try {
      URI address = URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
      String scheme = String.valueOf(address.getScheme());
      if (address.getHost() != null && (scheme.equals("http") || scheme.equals("https"))) {
        return address;
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(URL + " is no address, such as http://host:8081", e);
    }
    throw new IllegalArgumentException(
        URL + " must begin with http:// or https:// and name a host, such as http://host:8081");
  }

  /**
   * Lets this process use the registry of some settings, or none where they name none. The one in
   * use stays where they are the same.
   *
   * @param settings those that begin with {@link #SETTINGS}
   * @throws IllegalArgumentException if the address is none
   */
  public static synchronized void use(Map<String, String> settings) {
    if (!settings.containsKey(URL)) {
      ofProcess = Optional.empty();
    } else if (ofProcess.filter(used -> used.settings.equals(settings)).isEmpty()) {
      ofProcess = Optional.of(new SchemaRegistry(Map.copyOf(settings)));
    }
  }

  /** The one of this process. */
  public static Optional<SchemaRegistry> inUse() {
    return ofProcess;
  }

  /**
   * Asks whether it is there and knows who asks.
   *
   * @throws SchemaRegistryException if not
   */
  public void requireAnswer() {
    RegistryClient.Answer answer = client.get("/subjects");
    if (answer.status() >= 400) {
      throw client.refused("list its subjects", answer);
    }
  }

  /**
   * The schema of a number, as whoever wrote with it has registered it.
   *
   * @return empty if there is none
   * @throws SchemaRegistryException if the registry does not answer, or nothing that is a schema
   */
  Optional<Schema> schema(int number) {
    synchronized (schemas) {
      Known known = schemas.get(number);
      if (known != null && known.holds()) {
        return known.schema();
      }
    }
    Optional<Schema> found = ask(number); // outside the lock: others go on meanwhile
    synchronized (schemas) {
      schemas.put(number, new Known(found, Instant.now()));
    }
    return found;
  }

  private Optional<Schema> ask(int number) {
    RegistryClient.Answer answer = client.get("/schemas/ids/" + Integer.toUnsignedString(number));
    if (answer.status() == 404) {
      return Optional.empty();
    }
    if (answer.status() != 200) {
      throw client.refused("give schema " + number, answer);
    }
    JsonNode body = json(answer);
    String type = body.path("schemaType").asText("AVRO");
    if (!type.equals("AVRO") || body.path("references").size() > 0) {
      return Optional.empty(); // another kind of schema, or one that is not whole: none of ours
    }
    try {
      return Optional.of(new Schema.Parser().parse(body.path("schema").asText()));
    } catch (SchemaParseException e) {
      return Optional.empty();
    }
  }

  /**
   * The number under which a schema is registered, as it is from now on if it was not.
   *
   * @param subject that it is a version of
   * @throws SchemaRegistryException if the registry does not answer, or does not take it
   */
  int number(String subject, Schema schema) {
    synchronized (numbers) {
      Integer known = numbers.get(subject);
      if (known != null) {
        return known;
      }
    }
    String body = JSON.createObjectNode().put("schema", schema.toString()).toString();
    String path = "/subjects/" + subject;
    RegistryClient.Answer answer = client.post(path, body); // whether it is there
    if (answer.status() == 404) {
      answer = client.post(path + "/versions", body);
    }
    if (answer.status() == 409) {
      throw new SchemaRegistryException(
          "the schema registry holds versions of "
              + subject
              + " that this version's is not compatible with ("
              + message(answer)
              + "); set the subject's compatibility to BACKWARD or NONE, or use another registry",
          null);
    }
    if (answer.status() != 200) {
      throw client.refused("take the schema of " + subject, answer);
    }
    OptionalInt number = number(json(answer));
    if (number.isEmpty()) {
      throw client.refused("number the schema of " + subject, answer);
    }
    synchronized (numbers) {
      numbers.put(subject, number.getAsInt());
    }
    return number.getAsInt();
  }

  private static OptionalInt number(JsonNode body) {
    return body.path("id").canConvertToInt() && body.path("id").isNumber()
        ? OptionalInt.of(body.path("id").asInt())
        : OptionalInt.empty();
  }

  private static String message(RegistryClient.Answer answer) {
    try {
      JsonNode said = JSON.readTree(answer.body());
      return RegistryClient.oneLine(said.path("message").asText("no reason given"));
    } catch (JsonProcessingException e) {
      return "no reason given";
    }
  }

  private JsonNode json(RegistryClient.Answer answer) {
    try {
      return JSON.readTree(answer.body());
    } catch (JsonProcessingException e) {
      throw new SchemaRegistryException(
          "what answers at " + URL + " is no schema registry: it speaks no JSON", e);
    }
  }

  @Override
  public String toString() {
    return client.toString();
  }
}
