package io.surprisal.service.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;

/**
 * In place of a schema registry: the five requests of Confluent's REST protocol that a client of
 * Avro makes, written from its documentation (docs.confluent.io, "Schema Registry API Reference"),
 * with its paths, media type, statuses and error codes, and backward compatibility; every other
 * request is answered as a mistake of the client's, and counted. A real one (Apicurio) wants Java
 * 21, which the build does not have; {@code -Dsurprisal.registry=URL} lets the tests use one.
 */
final class RegistryDouble implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TYPE = "application/vnd.schemaregistry.v1+json";
  private static final Pattern BY_ID = Pattern.compile("/schemas/ids/(\\d+)");
  private static final Pattern SUBJECT = Pattern.compile("/subjects/([^/]+)");
  private static final Pattern VERSIONS = Pattern.compile("/subjects/([^/]+)/versions");

  private final HttpServer server;
  private final List<Schema> schemas = new ArrayList<>();
  private final Map<String, List<Integer>> subjects = new LinkedHashMap<>();
  private final AtomicInteger requests = new AtomicInteger();
  private final List<String> mistakes = new ArrayList<>();
  private Optional<String> user = Optional.empty();
  private int outages;

  RegistryDouble() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  String url() {
    return "http://localhost:" + server.getAddress().getPort();
  }

  /** Asks for {@code USER:PASSWORD} from now on. */
  synchronized void ask(String userInfo) {
    user = Optional.of(userInfo);
  }

  /** The next requests are answered with 503. */
  synchronized void fail(int times) {
    outages = times;
  }

  /** Holds a schema, as another client has registered it. */
  synchronized int register(String subject, Schema schema) {
    int id = schemas.indexOf(schema) + 1;
    if (id == 0) {
      schemas.add(schema);
      id = schemas.size();
    }
    List<Integer> versions = subjects.computeIfAbsent(subject, name -> new ArrayList<>());
    if (!versions.contains(id)) {
      versions.add(id);
    }
    return id;
  }

  synchronized List<String> subjects() {
    return List.copyOf(subjects.keySet());
  }

  int requests() {
    return requests.get();
  }

  /** Requests that no registry knows, or that lack what the protocol asks for. */
  synchronized List<String> mistakes() {
    return List.copyOf(mistakes);
  }

  private synchronized void answer(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    byte[] body = exchange.getRequestBody().readAllBytes();
    String path = exchange.getRequestURI().getPath();
    String wanted =
        user.map(info -> "Basic " + Base64.getEncoder().encodeToString(info.getBytes(UTF_8)))
            .orElse("");
    if (outages > 0) {
      outages--;
      send(exchange, 503, error(50301, "away"));
    } else if (!wanted.isEmpty()
        && !wanted.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
      send(exchange, 401, error(401, "Unauthorized"));
    } else if (exchange.getRequestMethod().equals("GET")) {
      get(exchange, path);
    } else if (exchange.getRequestMethod().equals("POST")
        && TYPE.equals(exchange.getRequestHeaders().getFirst("Content-Type"))) {
      post(exchange, path, JSON.readTree(body));
    } else {
      mistake(exchange);
    }
  }

  private void get(HttpExchange exchange, String path) throws IOException {
    Matcher byId = BY_ID.matcher(path);
    if (path.equals("/subjects")) {
      send(exchange, 200, JSON.valueToTree(subjects()));
    } else if (byId.matches()) {
      long id = Long.parseLong(byId.group(1));
      if (id < 1 || id > schemas.size()) {
        send(exchange, 404, error(40403, "Schema not found"));
      } else {
        send(
            exchange,
            200,
            JSON.createObjectNode().put("schema", schemas.get((int) id - 1).toString()));
      }
    } else {
      mistake(exchange);
    }
  }

  private void post(HttpExchange exchange, String path, JsonNode body) throws IOException {
    Matcher lookUp = SUBJECT.matcher(path);
    Matcher register = VERSIONS.matcher(path);
    if (!body.path("schema").isTextual() || !(lookUp.matches() || register.matches())) {
      mistake(exchange);
      return;
    }
    Schema schema = new Schema.Parser().parse(body.get("schema").asText());
    if (lookUp.matches()) {
      List<Integer> versions = subjects.getOrDefault(lookUp.group(1), List.of());
      int id = schemas.indexOf(schema) + 1;
      if (versions.isEmpty()) {
        send(exchange, 404, error(40401, "Subject '" + lookUp.group(1) + "' not found."));
      } else if (!versions.contains(id)) {
        send(exchange, 404, error(40403, "Schema not found"));
      } else {
        send(exchange, 200, JSON.createObjectNode().put("id", id));
      }
      return;
    }
    List<Integer> versions = subjects.getOrDefault(register.group(1), List.of());
    if (!versions.isEmpty() && !reads(schema, schemas.get(versions.get(versions.size() - 1) - 1))) {
      send(
          exchange,
          409,
          error(409, "Schema being registered is incompatible with an earlier schema"));
      return;
    }
    send(exchange, 200, JSON.createObjectNode().put("id", register(register.group(1), schema)));
  }

  private static boolean reads(Schema reader, Schema writer) {
    return SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getType()
        == SchemaCompatibilityType.COMPATIBLE;
  }

  private void mistake(HttpExchange exchange) throws IOException {
    mistakes.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
    send(exchange, 405, error(405, "HTTP 405 Method Not Allowed"));
  }

  private static ObjectNode error(int code, String message) {
    return JSON.createObjectNode().put("error_code", code).put("message", message);
  }

  private static void send(HttpExchange exchange, int status, JsonNode body) throws IOException {
    byte[] bytes = body.toString().getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", TYPE);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
