package io.surprisal.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.service.Surprisal;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.DoubleStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * How long the page takes from a key to what is drawn while alerts storm: runs only with {@code
 * -Dsurprisal.busy-page=ARGUMENTS}, options of {@code surprisal bench dashboard} such as {@code
 * --seconds=60}; {@code target/busy-page.txt} has the figures.
 */
@Timeout(900)
@Tag("system")
@NeedsPrograms(
    value = {"chromium", "chromedriver"},
    from = "chromium chromium-driver")
@EnabledIfSystemProperty(named = "surprisal.busy-page", matches = ".+")
class BusyPageTest {
  private static final Pattern READY = Pattern.compile("the page is at (\\S+)");
  private static final Path FIGURES = Path.of("target", "busy-page.txt");

  /**
   * Notes of each key how long it took until the frame after it was drawn, and what else waited.
   */
  private static final String WATCH =
      "window.drawn = []; window.events = []; window.tasks = [];"
          + "addEventListener('keydown', key => requestAnimationFrame(() => {"
          + "  const channel = new MessageChannel();"
          + "  channel.port1.onmessage = () => drawn.push(performance.now() - key.timeStamp);"
          + "  channel.port2.postMessage(0); }), true);"
          + "new PerformanceObserver(list => events.push(...list.getEntries()"
          + "  .filter(e => e.name === 'keydown').map(e => e.duration)))"
          + "  .observe({type: 'event', durationThreshold: 16});"
          + "new PerformanceObserver(list => tasks.push(...list.getEntries().map(e => e.duration)))"
          + "  .observe({type: 'longtask'});";

  @Test
  void shouldBeUsableWhileAlertsStorm() throws Exception {
    ProcessBuilder bench =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Surprisal.class.getName(),
            "bench",
            "dashboard");
    bench.command().addAll(List.of(System.getProperty("surprisal.busy-page").split(" ")));
    Process process = bench.redirectErrorStream(true).start();
    try (BufferedReader said =
            new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        Browser browser = Browser.start()) {
      StringBuilder figures = new StringBuilder();
      Matcher ready = READY.matcher("");
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        figures.append(line).append('\n');
        if (ready.reset(line).find()) {
          browser.open(ready.group(1));
          browser.await("document.getElementById('person').textContent === 'Signed in'");
          figures.append(use(browser, process, ready.group(1).replaceFirst("#.*", "alerts")));
        }
      }
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
      Files.writeString(FIGURES, figures);
      assertThat(process.exitValue()).as(figures.toString()).isZero();
      assertThat(figures).contains("from a key to the frame after it");
    } finally {
      process.destroyForcibly();
    }
  }

  /** Somebody who looks at one alert after the other, and now and then reviews one. */
  private static String use(Browser browser, Process bench, String alerts) throws Exception {
    browser.open(alerts);
    browser.await("document.querySelectorAll('.row').length > 8");
    browser.run(WATCH);
    browser.work();
    long start = System.nanoTime();
    int chosen = 0;
    List<String> answers = new ArrayList<>();
    for (int key = 1; bench.isAlive() && key <= 60; key++) {
      browser.press("n");
      TimeUnit.MILLISECONDS.sleep(400); // a person's pace, nothing is waited for
      if (browser.run("return document.querySelector('.row[aria-current]') !== null").asBoolean()) {
        chosen++;
      }
      if (key % 12 == 0) {
        answers.add(review(browser));
        browser.run("document.querySelector('.newer').click()");
      }
    }
    return "keys after which one was chosen: %d; answers to reviews: %s%n"
            .formatted(chosen, answers)
        + figure("from a key to the frame after it, ms", numbers(browser, "drawn"))
        + figure("keydown events of 16 ms and more, ms", numbers(browser, "events"))
        + figure("long tasks of the page, ms", numbers(browser, "tasks"))
        + "the page's work in %.0f s: %s%n"
            .formatted((System.nanoTime() - start) * 1e-9, browser.work());
  }

  /** Says of what is chosen that one is unsure; of an incident that is a question first. */
  private static String review(Browser browser) throws Exception {
    browser.run("document.getElementById('said').textContent = ''");
    browser.press("u");
    browser.await(
        "document.querySelector('dialog')"
            + " || document.getElementById('said').textContent !== ''");
    String said = browser.text("document.getElementById('said').textContent");
    if (browser.run("return document.querySelector('dialog') !== null").asBoolean()) {
      browser.press("\uE00C");
      browser.await("!document.querySelector('dialog')");
      return "a question first";
    }
    return said;
  }

  private static double[] numbers(Browser browser, String name) throws Exception {
    JsonNode all = browser.run("return window." + name);
    return StreamSupport.stream(all.spliterator(), false).mapToDouble(JsonNode::asDouble).toArray();
  }

  private static String figure(String name, double[] millis) {
    double[] ascending = DoubleStream.of(millis).sorted().toArray();
    int n = ascending.length;
    return n == 0
        ? "%s: none%n".formatted(name)
        : String.format(
            Locale.ROOT,
            "%s: %d, p50 %.0f, p95 %.0f, longest %.0f%n",
            name,
            n,
            ascending[n / 2],
            ascending[(int) Math.ceil(0.95 * n) - 1],
            ascending[n - 1]);
  }
}
