package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.handover.DirectAnnouncement;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.MetricName;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.run.EmbeddedBroker;
import io.surprisal.service.system.CommandRun;
import io.surprisal.service.system.Records;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page in a real browser, over a real system: broker, scorer, trainer, two releases, images
 * that a camera draws. With {@code -Dsurprisal.screenshots=DIR} it leaves pictures of the views
 * there.
 */
@Timeout(240)
@Tag("system")
@NeedsPrograms(
    value = {"chromium", "chromedriver"},
    from = "chromium chromium-driver")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DashboardTest {
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final RecordFormat<AlertReview> REVIEWS = RecordFormat.of(AlertReview.class);
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Topics TOPICS = new Topics(Topics.DEFAULT_PREFIX);
  private static final Path RELEASES = Path.of("..", "releases");
  private static final String HOSTILE =
      "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>";

  /** Told only where something is wrong with an image, or where nothing is followed. */
  private static final Set<MetricName> SOMETIMES =
      Set.of(MetricName.IMAGES_REFUSED, MetricName.IMAGES_REPAIRED);

  private static final String GONE_ALERT = "0a".repeat(16);
  private static final List<String> VIEWS =
      List.of("", "alerts", "source?name=line-1", "releases", "training");

  private static final int SCORER_HEALTH = Prometheus.freePort();
  private static final int TRAINER_HEALTH = Prometheus.freePort();

  @TempDir private static Path data;
  private static EmbeddedBroker broker;
  private static String serving;
  private static String other;
  private static final StopSignal STOP = new StopSignal();
  private static final List<CompletableFuture<CommandRun>> RUNNING = new ArrayList<>();
  private static Dashboard dashboard;
  private static Browser browser;

  @BeforeAll
  static void start() throws Exception {
    // Of the whole JVM, which here has the scorers' health as well: it would end the page's events.
    System.setProperty("sun.net.httpserver.maxRspTime", "-1");
    broker = EmbeddedBroker.start(data.resolve("broker"), "localhost", 0);
    command("topics");
    other = announce("fashion-mnist.safetensors");
    serving = announce("demo.safetensors");
    run(
        "score",
        "--state-dir",
        data.resolve("score").toString(),
        "--batch",
        "8",
        "--health",
        String.valueOf(SCORER_HEALTH));
    run(
        "train",
        "--state-dir",
        data.resolve("train").toString(),
        "--store",
        store().toString(),
        "--health",
        String.valueOf(TRAINER_HEALTH));
    command("camera", "--publish", "--source", "line-1", "--count", "40", "--rate", "1000");
    command(
        "camera",
        "--publish",
        "--source",
        HOSTILE,
        "--count",
        "12",
        "--rate",
        "1000",
        "--defect-rate",
        "1",
        "--seed",
        "7");
    Records.send(broker.bootstrapServer(), TOPICS.alerts(), ALERTS.encode(alertOfAGonePicture()));
    dashboard =
        Dashboard.start(
            Map.of("bootstrap.servers", broker.bootstrapServer()),
            TOPICS,
            Dashboard.Access.ofThisMachine("somebody"),
            Optional.empty());
    browser = Browser.start();
    browser.open(dashboard.addressWithToken());
    browser.await("document.getElementById('person').textContent === 'Signed in'");
    assertThat(browser.text("location.hash")).as("the token stays out of the history").isEmpty();
    browser.await("document.querySelectorAll('.card img').length === 2");
    await().atMost(PATIENCE).until(() -> alerts() >= 6);
  }

  @AfterAll
  static void stop() throws Exception {
    STOP.request();
    if (browser != null) {
      browser.close();
    }
    if (dashboard != null) {
      dashboard.close();
    }
    for (CompletableFuture<CommandRun> running : RUNNING) {
      assertThat(running.join().exitCode()).as(running.join().err()).isZero();
    }
    broker.close();
  }

  private static Path store() {
    return data.resolve("releases");
  }

  private static String[] atBroker(String... args) {
    String[] all = Arrays.copyOf(args, args.length + 2);
    all[args.length] = "--bootstrap-server";
    all[args.length + 1] = broker.bootstrapServer();
    return all;
  }

  private static void command(String... args) {
    CommandRun run = CommandRun.of(atBroker(args));
    assertThat(run.exitCode()).as(run.err()).isZero();
  }

  private static void run(String... args) {
    RUNNING.add(
        CompletableFuture.supplyAsync(
            () -> CommandRun.of(Map.of(), STOP, atBroker(args)),
            work -> new Thread(work, args[0]).start()));
  }

  private static String announce(String file) throws Exception {
    Release release = Release.load(RELEASES.resolve(file));
    DirectAnnouncement.of(
        RELEASES.resolve(file),
        release,
        store(),
        Map.of("bootstrap.servers", broker.bootstrapServer()),
        TOPICS,
        "test");
    return release.id();
  }

  private static AnomalyAlert alertOfAGonePicture() {
    return AnomalyAlert.newBuilder()
        .setRepairs(List.of())
        .setBoxes(List.of())
        .setAlertId(GONE_ALERT)
        .setIncidentId(GONE_ALERT)
        .setReasons(List.of(AlertReason.ATYPICAL))
        .setImageId(HOSTILE)
        .setSource("gone")
        .setEventTime(Instant.now())
        .setReleaseId("ab".repeat(32))
        .setPrecision("float32")
        .setBitsPerDim(4.5)
        .setStandardError(0)
        .setEvaluations(8)
        .setAlertRate(0.01)
        .setLocation(new ImageLocation(TOPICS.images(), 0, 1L << 40))
        .build();
  }

  private static int alerts() throws Exception {
    return browser
        .runToTheEnd(
            "const done = arguments[arguments.length - 1];"
                + "fetch('/api/now').then(r => r.json()).then(now => done(now.alerts))")
        .intValue();
  }

  private static void open(String view) throws Exception {
    browser.open(dashboard.address() + view);
    browser.await("!document.querySelector('main[aria-busy]') && document.querySelector('h1')");
    browser.await("document.getElementById('connection').textContent === 'live'");
  }

  @BeforeEach
  void letTheConsoleBeQuiet() throws Exception {
    browser.size(1280, 860);
    browser.colours("light");
    browser.errors();
  }

  @AfterEach
  void shouldShowNoErrorInTheConsole() throws Exception {
    assertThat(browser.errors())
        .filteredOn(
            message ->
                !message.contains("/api/pictures/0/" + (1L << 40))) // 410: what this test wants
        .isEmpty();
    assertThat(browser.text("window.hacked")).isEqualTo("undefined");
  }

  private static AlertReview lastReview(int count) {
    List<AlertReview> reviews =
        Records.read(broker.bootstrapServer(), TOPICS.reviews(), count).stream()
            .map(record -> REVIEWS.decode(record.value()))
            .toList();
    assertThat(reviews).hasSize(count);
    return reviews.get(count - 1);
  }

  @Test
  @Order(1)
  void shouldShowTheSourcesWithTheirLatestPictures() throws Exception {
    open("");

    browser.await("[...document.querySelectorAll('.card img')].every(i => i.naturalWidth === 32)");
    assertThat(
            browser.text(
                "[...document.querySelectorAll('.card h3')].map(e => e.textContent).sort().join()"))
        .isEqualTo(HOSTILE + ",line-1");
    assertThat(browser.text("document.querySelector('.tiles').textContent"))
        .contains(serving.substring(0, 12));
    photograph("now");
  }

  @Test
  @Order(2)
  void shouldReviewByKeysAloneAndShowItInAnotherWindow() throws Exception {
    open("alerts?source=" + URLEncoder.encode(HOSTILE, UTF_8));
    browser.await("document.querySelectorAll('.row').length === 1");
    assertThat(browser.text("document.querySelector('.row .title').textContent"))
        .as("a storm is one row")
        .matches("(\\d+ of )?1?\\d alerts · " + Pattern.quote(HOSTILE));
    String first = browser.window();
    String second = browser.newWindow();
    open("alerts?review=confirmed");
    browser.await("document.querySelector('#main').textContent.includes('No alert is as')");
    browser.window(first);

    browser.press("n");
    browser.await("document.querySelector('.detail').textContent.includes('An incident')");
    browser.press("o");
    browser.await("document.querySelectorAll('.unfolded .row').length >= 5");
    assertThat(browser.text("document.querySelector('.unfold').getAttribute('aria-expanded')"))
        .isEqualTo("true");
    browser.press("n");
    browser.await("document.querySelector('.evidence canvas').width > 32");
    browser.await("document.querySelector('.evidence img').naturalWidth === 32");
    photograph("alerts");
    browser.press("c");
    browser.await("document.querySelector('.row[aria-current]').textContent.includes('confirmed')");

    AlertReview review = lastReview(1);
    assertThat(review.getVerdict()).hasToString("CONFIRMED");
    assertThat(review.getSource()).isEqualTo(HOSTILE);
    assertThat(review.getReviewedBy()).isEqualTo("somebody");
    assertThat(browser.text("location.search")).contains("alert=" + review.getAlertId());
    browser.window(second);
    browser.await("document.querySelectorAll('.row').length === 1");
    browser.closeWindow();
    browser.window(first);

    browser.reload();
    browser.await("document.querySelector('.detail').textContent.includes('said confirmed')");
    browser.press("f");
    browser.await("document.querySelector('.detail').textContent.includes('said false alarm')");
    assertThat(lastReview(2).getVerdict()).hasToString("FALSE_ALARM");
    browser.press("z");
    browser.await("document.querySelector('.detail').textContent.includes('said confirmed')");
    assertThat(lastReview(3).getVerdict()).hasToString("CONFIRMED");
    browser.press("n", "u");
    browser.await("document.querySelector('.row[aria-current]').textContent.includes('unsure')");
    assertThat(lastReview(4).getAlertId()).isNotEqualTo(review.getAlertId());
  }

  @Test
  @Order(3)
  void shouldReviewWhatIsLeftOfAnIncidentAfterSayingWhichAlertsTheseAre() throws Exception {
    open("alerts?source=" + URLEncoder.encode(HOSTILE, UTF_8));
    browser.press("n");
    browser.await("document.querySelector('.detail').textContent.includes('Nobody has said yet')");
    int left =
        Integer.parseInt(
            browser.text("/of (\\d+) of/.exec(document.querySelector('.detail').textContent)[1]"));

    browser.press("f");
    browser.await("document.querySelector('dialog')");
    assertThat(browser.text("document.querySelector('dialog').textContent"))
        .contains(
            left + " alerts of " + HOSTILE + " that nobody has reviewed",
            "What was said of others of it stays",
            "Undo (z) says “unsure” of them all");
    photograph("incident");
    browser.click("//dialog//button[@type='submit']");
    browser.await(
        "document.querySelector('.row').textContent.includes('" + left + " false alarm')");
    assertThat(lastReview(4 + left).getVerdict()).hasToString("FALSE_ALARM");
    browser.await(
        "document.querySelector('.detail').textContent.includes('listed here are reviewed')");

    browser.press("z");
    browser.await(
        "document.querySelector('.row').textContent.includes('" + (left + 1) + " unsure')");
    assertThat(lastReview(4 + 2 * left).getVerdict()).hasToString("UNSURE");

    browser.open(
        browser.text("[...document.querySelectorAll('.detail a')].find(a => /incident=/.test(a))"));
    browser.await("document.querySelectorAll('.unfolded .row').length === " + (left + 2));
    assertThat(
            browser
                .runToTheEnd(
                    "const done = arguments[arguments.length - 1];"
                        + "new PerformanceObserver(list => done(list.getEntries().filter(e =>"
                        + " !e.hadRecentInput).reduce((sum, e) => sum + e.value, 0)))"
                        + ".observe({type: 'layout-shift', buffered: true});"
                        + "setTimeout(() => done(0), 200)")
                .doubleValue())
        .as("how much jumps about, where web.dev calls 0.1 good")
        .isLessThan(0.1);
  }

  @Test
  @Order(4)
  void shouldSayThatAPictureIsNoLongerInKafka() throws Exception {
    open("alerts?source=gone&alert=" + GONE_ALERT);

    browser.await("document.querySelector('.detail .gone').textContent.includes('no longer')");
    browser.await("!document.querySelector('.row .gone').hidden");
    assertThat(browser.text("document.querySelector('.detail').textContent")).contains(HOSTILE);
  }

  @Test
  @Order(5)
  void shouldShowASourceOverTime() throws Exception {
    open("source?name=line-1");

    browser.await("document.querySelector('.plot canvas')");
    browser.await("document.querySelector('figcaption').textContent.includes('40 scores')");
    browser.await(
        "[...document.querySelectorAll('.pictures img')].filter(i => i.naturalWidth).length >= 12");
    browser.await(
        "/the latest 40 of this source/.test(document.querySelectorAll('figcaption')[1].textContent)");
    assertThat(
            browser.text(
                "[...document.querySelectorAll('.numbers td:last-child')]"
                    + ".reduce((sum, cell) => sum + Number(cell.textContent), 0)"))
        .as("the table has the same numbers")
        .isEqualTo("40");
    photograph("source");
    browser.run("document.querySelectorAll('figure')[1].scrollIntoView()");
    photograph("histogram");
  }

  @Test
  @Order(6)
  void shouldPromoteAndRollBackAfterSayingWhatWillHappen() throws Exception {
    open("releases");
    browser.await("document.querySelectorAll('.release').length === 2");
    String inside = "document.querySelector('#release-" + serving + " details')";
    browser.click("//li[@id='release-" + serving + "']//summary");
    browser.await(inside + ".querySelector('figcaption').textContent.includes('γ runs from')");
    browser.await(inside + ".querySelector('.plot canvas')");
    browser.click("//li[@id='release-" + serving + "']//button[text()='Draw samples']");
    browser.await(inside + ".querySelector('progress').value > 0");

    browser.click("//li[@id='release-" + other + "']//button[text()='Promote']");
    assertThat(browser.text("document.querySelector('dialog').textContent"))
        .contains(other.substring(0, 12), "takes the place of " + serving.substring(0, 12));
    browser.type("//input[@id='why']", "a look at it");
    browser.click("//dialog//button[text()='Promote']");
    browser.await(
        "document.querySelector('#release-" + other + " .badge').textContent === 'active'");

    browser.click("//li[@id='release-" + other + "']//summary");
    browser.await(
        "document.querySelector('#release-"
            + other
            + " figcaption').textContent.includes('release "
            + serving.substring(0, 12)
            + " before it had')");
    browser.run("document.getElementById('release-" + other + "').scrollIntoView()");
    photograph("schedules");

    browser.click("//button[text()='Roll back']");
    browser.click("//dialog//button[text()='Roll back']");
    browser.await(
        "document.querySelector('#release-" + serving + " .badge').textContent === 'active'");
    browser.await("document.getElementById('said').textContent.includes('command done')");
  }

  @Test
  @Order(7)
  void shouldShowWhatTrainerAndScorersSaid() throws Exception {
    open("training");

    browser.await("document.querySelector('.log').textContent.includes('release served')");
    photograph("training");
  }

  @Test
  @Order(8)
  void shouldFitANarrowScreen() throws Exception {
    browser.size(400, 800);
    for (String view : VIEWS) {
      open(view);
      browser.await("document.querySelector('.card, .row, .plot canvas, .release, .log li')");
      unfoldAll(view);
      if (view.equals("alerts")) {
        photograph("alerts-narrow");
      }
      assertThat(
              browser.text(
                  "[...document.querySelectorAll('body *')].filter(e =>"
                      + " e.getBoundingClientRect().right > innerWidth && e.offsetParent)"
                      + ".map(e => e.tagName + '.' + e.className).join()"))
          .as("what is cut off in " + view)
          .isEmpty();
    }
  }

  @Test
  @Order(9)
  void shouldBeReadableByAllAsAxeFinds() throws Exception {
    String axe;
    try (InputStream in = DashboardTest.class.getResourceAsStream("/axe/axe.min.js")) {
      axe = new String(in.readAllBytes(), UTF_8);
    }
    for (String colours : List.of("light", "dark")) {
      browser.colours(colours);
      for (String view : VIEWS) {
        open(view);
        browser.await("document.querySelector('.card, .row, .plot canvas, .release, .log li')");
        unfoldAll(view);
        JsonNode violations =
            browser.runToTheEnd(
                axe
                    + ";const done = arguments[arguments.length - 1];"
                    + "axe.run().then(r => done(r.violations), e => done([{id: String(e)}]))");
        assertThat(
                StreamSupport.stream(violations.spliterator(), false)
                    .map(v -> v.path("id").asText() + " " + v.path("nodes").path(0).path("html")))
            .as("%s in %s", view, colours)
            .isEmpty();
      }
    }
  }

  /** Shows what a view has folded away, and chooses an alert. */
  private static void unfoldAll(String view) throws Exception {
    browser.run("document.querySelectorAll('details').forEach(folded => folded.open = true)");
    if (view.equals("releases")) {
      browser.await("document.querySelectorAll('.plot canvas').length === 2");
    }
    if (view.equals("alerts")) {
      browser.run("document.querySelector('.unfold').click()");
      browser.await("document.querySelectorAll('.unfolded .row').length >= 5");
      browser.run("document.querySelector('.unfolded .row').click()");
      browser.await("document.querySelector('.row[aria-current]')");
      browser.await("document.querySelector('.evidence img').naturalWidth === 32");
    }
  }

  /** Every query of rules and dashboard, by Prometheus itself, on what these processes tell. */
  @Test
  @Order(10)
  @NeedsPrograms(
      value = {"prometheus", "promtool"},
      from = "prometheus")
  void shouldTellPrometheusWhatItsRulesAndTheDashboardAskFor() throws Exception {
    int page = Integer.parseInt(dashboard.address().replaceFirst(".*:(\\d+)/", "$1"));
    try (Prometheus prometheus =
        Prometheus.start(
            data.resolve("prometheus"),
            Map.of(
                "surprisal-scorer", SCORER_HEALTH,
                "surprisal-trainer", TRAINER_HEALTH,
                "surprisal-dashboard", page))) {
      await()
          .atMost(PATIENCE)
          .ignoreExceptionsInstanceOf(IOException.class)
          .untilAsserted(() -> assertThat(prometheus.query("up == 1")).hasSize(3));
      for (MetricName name : MetricName.values()) {
        if (!SOMETIMES.contains(name)) {
          assertThat(prometheus.query("{__name__=~\"" + name.exposed() + "(_count)?\"}"))
              .as(name.exposed())
              .isNotEmpty();
        }
      }
      for (String query : Prometheus.queriesOfRulesAndDashboard()) {
        prometheus.query(query);
        assertThat(Prometheus.namesIn(query))
            .as(query)
            .isNotEmpty()
            .allMatch(Prometheus::isInTheCatalogue);
      }
      assertThat(
              prometheus.query("sum(surprisal_images_scored_total)").get(0).at("/value/1").asInt())
          .isEqualTo(52);
    }
    assertThat(Prometheus.testOfTheRules()).contains("SUCCESS").doesNotContain("FAILED");
  }

  @Test
  @Order(11)
  void shouldSayHowLongScoresTakeWhileImagesCome() throws Exception {
    command("camera", "--publish", "--source", "line-1", "--count", "5", "--rate", "1000");
    open("");

    browser.await(
        "/p50 [0-9.]+ m?s.*longest [0-9.]+ m?s; \\d+ scores in the last 60 s/"
            + ".test(document.querySelector('.tiles').textContent)");
    browser.await(
        "Number(/ (\\d+) scores/.exec(document.querySelector('.tiles').textContent)[1]) >= 5");
  }

  @Test
  @Order(12)
  void shouldHaveDrawnMeanwhileTheSamplesThatWereAskedFor() throws Exception {
    open("releases");
    unfoldAll("releases");
    String samples = "document.querySelector('#release-" + serving + " .samples')";
    browser.await(samples + ".naturalWidth > 500");
    browser.run(samples + ".scrollIntoView({block: 'end'})");
    photograph("releases");
  }

  @Test
  @Order(13)
  void shouldAskForTheTokenBeforeItChangesSomething() throws Exception {
    browser.forgetCookies();
    open("training");
    browser.click("//button[text()='Pause']");
    browser.await("document.querySelector('dialog').textContent.includes('Sign in')");
    browser.type("//input[@id='token']", "not the token, I think");
    browser.click("//dialog//button[text()='Sign in']");
    browser.await("document.querySelector('dialog').textContent.includes('that is not the token')");
    assertThat(browser.errors()).singleElement().asString().contains("403");
    browser.press("\uE00C");
    browser.await("!document.querySelector('dialog')");
    browser.open(dashboard.addressWithToken());
    browser.await("document.getElementById('person').textContent === 'Signed in'");
  }

  @Test
  @Order(14)
  void shouldSayThatTheBrokerIsGoneAndGoOnWhenItIsBack() throws Exception {
    open("");
    int port = Integer.parseInt(broker.bootstrapServer().replaceFirst(".*:", ""));
    broker.close();
    browser.await("document.getElementById('trouble').textContent.includes('no broker')");
    assertThat(browser.text("document.querySelectorAll('.card').length")).isEqualTo("2");
    broker = EmbeddedBroker.start(data.resolve("broker"), "localhost", port);
    browser.await("document.getElementById('trouble').hidden");
    Records.send(broker.bootstrapServer(), TOPICS.alerts(), ALERTS.encode(alertOfAGonePicture()));
    open("alerts?source=gone");
    browser.await("document.querySelector('.row').textContent.includes('gone')");
  }

  @Test
  @Order(15)
  void shouldReadPartitionsAndTopicsThatAreMadeWhileItRuns() throws Exception {
    try (TopicsMadeLater later = new TopicsMadeLater(broker.bootstrapServer())) {
      later.alert(1, 0);
      TopicsMadeLater.await(() -> later.knows(1));

      later.addAPartitionOfAlerts();
      later.alert(2, 1);
      TopicsMadeLater.await(() -> later.knows(2));
      later.makeTheTopicOfReviewsAndReview(2);
      TopicsMadeLater.await(() -> later.view.unreviewed() == 1);

      later.deleteTheAlertsAndMakeTheTopicAnew();
      later.alert(3, 0);
      TopicsMadeLater.await(() -> later.knows(3) && later.view.isCaughtUp());
      assertThat(later.view.alertCount()).as("what was deleted is not shown").isEqualTo(1);
      assertThat(later.view.unreviewed()).isEqualTo(1);
    }
  }

  @Test
  @Order(16)
  void shouldNameTheRemedyWhereItCannotStart() {
    String taken = dashboard.address().replaceFirst(".*:(\\d+)/", "$1");

    refused(3, "name another port", "--listen", taken);
    refused(3, "create it with 'surprisal topics'", "--listen", "0", "--topic-prefix", "none.");
    refused(3, "name one of this machine's", "--listen", "no-such-host.invalid:0");
    refused(2, "must be [HOST:]PORT", "--listen", "here");
    refused(2, "fewer than 16 characters", "--token", "short");
  }

  private static void refused(int exitCode, String remedy, String... options) {
    List<String> line = new ArrayList<>(List.of("dashboard"));
    line.addAll(Arrays.asList(options));
    CommandRun run = CommandRun.of(atBroker(line.toArray(String[]::new)));
    assertThat(run.exitCode()).as(run.err()).isEqualTo(exitCode);
    assertThat(run.err()).contains(remedy);
  }

  private static void photograph(String view) throws Exception {
    String folder = System.getProperty("surprisal.screenshots");
    if (folder != null) {
      Files.createDirectories(Path.of(folder));
      for (String colours : List.of("dark", "light")) {
        browser.colours(colours);
        browser.photograph(Path.of(folder, view + "-" + colours + ".jpg"));
      }
    }
  }
}
