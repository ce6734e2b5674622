package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.schemas.MetricName;
import io.surprisal.service.cli.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Debian's Prometheus, over processes of this machine, with the rules of docker/prometheus. */
final class Prometheus implements AutoCloseable {
  private static final Path FOLDER = Path.of("..", "docker");
  private static final Path RULES = FOLDER.resolve("prometheus").resolve("rules.yml");
  private static final Pattern EXPRESSION = Pattern.compile("(?m)^ +expr: (.+)$");
  private static final Pattern NAME = Pattern.compile("surprisal_[a-z_]+");

  private final Process process;
  private final int port;
  private final HttpClient client = HttpClient.newHttpClient();

  private Prometheus(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts to ask.
   *
   * @param ports by name of the job
   */
  static Prometheus start(Path folder, Map<String, Integer> ports) throws IOException {
    Files.createDirectories(folder);
    StringBuilder configuration =
        new StringBuilder(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: ['"
                + RULES.toAbsolutePath()
                + "']\nscrape_configs:\n");
    ports.forEach(
        (job, port) ->
            configuration.append(
                "  - {job_name: %s, static_configs: [{targets: ['localhost:%d']}]}\n"
                    .formatted(job, port)));
    Path file = Files.writeString(folder.resolve("prometheus.yml"), configuration);
    int port = freePort();
    Process process =
        new ProcessBuilder(
                "prometheus",
                "--config.file=" + file,
                "--storage.tsdb.path=" + folder.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    return new Prometheus(process, port);
  }

  /**
   * Asks it.
   *
   * @throws IOException if it refuses the query, or does not answer
   */
  List<JsonNode> query(String query) throws IOException, InterruptedException {
    URI uri =
        URI.create(
            "http://127.0.0.1:" + port + "/api/v1/query?query=" + URLEncoder.encode(query, UTF_8));
    JsonNode answer =
        Json.MAPPER.readTree(
            client
                .send(
                    HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20)).build(),
                    HttpResponse.BodyHandlers.ofString())
                .body());
    if (!answer.path("status").asText().equals("success")) {
      throw new IOException(query + ": " + answer);
    }
    List<JsonNode> found = new ArrayList<>();
    answer.at("/data/result").forEach(found::add);
    return found;
  }

  /** Every expression of the rules and of the dashboard. */
  static List<String> queriesOfRulesAndDashboard() throws IOException {
    List<String> queries = new ArrayList<>();
    Matcher matcher = EXPRESSION.matcher(Files.readString(RULES));
    while (matcher.find()) {
      queries.add(matcher.group(1));
    }
    Path dashboard = FOLDER.resolve("grafana").resolve("dashboards").resolve("surprisal.json");
    Json.MAPPER
        .readTree(dashboard.toFile())
        .path("panels")
        .forEach(
            panel ->
                panel.path("targets").forEach(one -> queries.add(one.path("expr").textValue())));
    return queries;
  }

  /** Names of Surprisal's metrics that a query asks for; {@code up} is Prometheus' own. */
  static List<String> namesIn(String query) {
    Matcher matcher = NAME.matcher(query);
    List<String> names = new ArrayList<>();
    while (matcher.find()) {
      names.add(matcher.group());
    }
    return query.startsWith("up{") ? List.of(MetricName.INFO.exposed()) : names;
  }

  static boolean isInTheCatalogue(String name) {
    return Arrays.stream(MetricName.values())
        .map(MetricName::exposed)
        .anyMatch(
            known ->
                name.equals(known) || name.replaceFirst("_(bucket|sum|count)$", "").equals(known));
  }

  /** What promtool says of the rules' own tests. */
  static String testOfTheRules() throws IOException {
    Process test =
        new ProcessBuilder("promtool", "test", "rules", "rules-test.yml")
            .directory(FOLDER.resolve("prometheus").toFile())
            .redirectErrorStream(true)
            .start();
    return new String(test.getInputStream().readAllBytes(), UTF_8);
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    process.waitFor();
  }
}
