package io.surprisal.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.service.cli.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/**
 * Chromium without a screen, steered by the W3C's WebDriver protocol, which is JSON over HTTP.
 * {@link #close} ends it.
 */
final class Browser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final Pattern READY = Pattern.compile("started successfully on port (\\d+)");
  private static final String ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

  private final Process driver;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String driverAddress;
  private final String session;

  private Browser(Process driver, int port) throws Exception {
    this.driver = driver;
    this.driverAddress = "http://127.0.0.1:" + port;
    JsonNode started =
        call(
            "POST",
            "/session",
            Map.of(
                "capabilities",
                Map.of(
                    "alwaysMatch",
                    Map.of(
                        "goog:loggingPrefs",
                        Map.of("browser", "ALL"),
                        "goog:chromeOptions",
                        Map.of(
                            "args",
                            List.of(
                                "--headless=new",
                                "--no-sandbox",
                                "--disable-gpu",
                                "--disable-dev-shm-usage",
                                "--hide-scrollbars",
                                "--force-color-profile=srgb"))))));
    session = "/session/" + started.get("sessionId").textValue();
  }

  static Browser start() throws Exception {
    Process driver =
        new ProcessBuilder("chromedriver", "--port=0").redirectErrorStream(true).start();
    BufferedReader said =
        new BufferedReader(new InputStreamReader(driver.getInputStream(), StandardCharsets.UTF_8));
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      Matcher ready = READY.matcher(line);
      if (ready.find()) {
        return new Browser(driver, Integer.parseInt(ready.group(1)));
      }
    }
    throw new IOException("chromedriver did not start");
  }

  private JsonNode call(String method, String path, Object body) throws Exception {
    HttpRequest.BodyPublisher content =
        body == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofString(Json.line(body));
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(URI.create(driverAddress + path))
                .header("Content-Type", "application/json; charset=utf-8")
                .timeout(Duration.ofSeconds(90))
                .method(method, content)
                .build(),
            HttpResponse.BodyHandlers.ofString());
    JsonNode value = Json.MAPPER.readTree(answer.body()).get("value");
    assertThat(answer.statusCode()).as("%s %s: %s", method, path, value).isEqualTo(200);
    return value;
  }

  private JsonNode devtools(String command, Map<String, ?> parameters) throws Exception {
    return call(
        "POST", session + "/goog/cdp/execute", Map.of("cmd", command, "params", parameters));
  }

  void open(String address) throws Exception {
    call("POST", session + "/url", Map.of("url", address));
  }

  void reload() throws Exception {
    call("POST", session + "/refresh", Map.of());
  }

  /** Runs a script's text in the page; what it returns. */
  JsonNode run(String script) throws Exception {
    return call("POST", session + "/execute/sync", Map.of("script", script, "args", List.of()));
  }

  /** Runs a script that calls its last argument when it has finished. */
  JsonNode runToTheEnd(String script) throws Exception {
    return call("POST", session + "/execute/async", Map.of("script", script, "args", List.of()));
  }

  /** What a script returns, as text. */
  String text(String script) throws Exception {
    return run("return String(" + script + ")").textValue();
  }

  /** Waits until an expression of JavaScript is true; what it asks for may still be missing. */
  void await(String expression) {
    String script = "try { return Boolean(" + expression + ") } catch (missing) { return false }";
    awaitility(expression, () -> run(script).booleanValue());
  }

  private static void awaitility(String what, Callable<Boolean> holds) {
    Awaitility.await(what)
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(100))
        .until(holds);
  }

  /** Presses keys on the keyboard, whatever has the focus. */
  void press(String... keys) throws Exception {
    List<Map<String, String>> strokes = new ArrayList<>();
    for (String key : keys) {
      strokes.add(Map.of("type", "keyDown", "value", key));
      strokes.add(Map.of("type", "keyUp", "value", key));
    }
    call(
        "POST",
        session + "/actions",
        Map.of("actions", List.of(Map.of("type", "key", "id", "keyboard", "actions", strokes))));
  }

  /** Clicks with the mouse on what an XPath names. */
  void click(String xpath) throws Exception {
    call("POST", session + "/element/" + element(xpath) + "/click", Map.of());
  }

  void type(String xpath, String text) throws Exception {
    call("POST", session + "/element/" + element(xpath) + "/value", Map.of("text", text));
  }

  private String element(String xpath) throws Exception {
    return call("POST", session + "/element", Map.of("using", "xpath", "value", xpath))
        .get(ELEMENT)
        .textValue();
  }

  /** Opens another window and works in it; what {@link #window} takes. */
  String newWindow() throws Exception {
    String handle =
        call("POST", session + "/window/new", Map.of("type", "window")).get("handle").textValue();
    window(handle);
    return handle;
  }

  String window() throws Exception {
    return call("GET", session + "/window", null).textValue();
  }

  void window(String handle) throws Exception {
    call("POST", session + "/window", Map.of("handle", handle));
  }

  void closeWindow() throws Exception {
    call("DELETE", session + "/window", null);
  }

  void size(int width, int height) throws Exception {
    devtools(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
  }

  /** The colours that the person likes: light or dark. */
  void colours(String scheme) throws Exception {
    devtools(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  /**
   * Where the page's main thread has spent its time since {@link #open}, seconds by kind of work.
   */
  Map<String, Double> work() throws Exception {
    devtools("Performance.enable", Map.of("timeDomain", "threadTicks"));
    Map<String, Double> work = new LinkedHashMap<>();
    for (JsonNode metric : devtools("Performance.getMetrics", Map.of()).get("metrics")) {
      if (metric.get("name").textValue().endsWith("Duration")) {
        work.put(metric.get("name").textValue(), metric.get("value").doubleValue());
      }
    }
    return work;
  }

  void forgetCookies() throws Exception {
    call("DELETE", session + "/cookie", null);
  }

  /** A picture of the window as JPEG. */
  void photograph(Path file) throws Exception {
    Files.write(
        file,
        Base64.getDecoder()
            .decode(
                devtools("Page.captureScreenshot", Map.of("format", "jpeg", "quality", 72))
                    .get("data")
                    .textValue()));
  }

  /** Errors that the console has shown since it was asked last. */
  List<String> errors() throws Exception {
    List<String> errors = new ArrayList<>();
    for (JsonNode line : call("POST", session + "/se/log", Map.of("type", "browser"))) {
      if (line.get("level").textValue().equals("SEVERE")
          || line.get("level").textValue().equals("WARNING")) {
        errors.add(line.get("message").textValue());
      }
    }
    return errors;
  }

  @Override
  public void close() throws Exception {
    try {
      call("DELETE", session, null);
    } finally {
      driver.destroy();
    }
  }
}
