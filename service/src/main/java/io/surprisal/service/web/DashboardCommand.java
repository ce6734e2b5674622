package io.surprisal.service.web;

import io.surprisal.handover.Ed25519;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.service.options.ReviewTrustOption;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Shows in a browser what the topics hold. */
@Command(
    name = "dashboard",
    description = {
      "Show sources, alerts, releases and training in a browser, and take reviews and commands from"
          + " there.",
      "Whoever opens the printed address with its token may change something; without the token one"
          + " may look, on this machine alone. Ctrl-C ends it."
    })
final class DashboardCommand implements Callable<Integer> {
  private static final Duration LOOK = Duration.ofMillis(500);

  private final Invocation invocation;
  @Spec private CommandSpec spec;
  @Mixin private final KafkaOptions kafka;

  @Option(
      names = "--listen",
      paramLabel = "[HOST:]PORT",
      defaultValue = "127.0.0.1:8090",
      description =
          "Where the page is (default: ${DEFAULT-VALUE}); 0.0.0.0:PORT for other machines too, who"
              + " then need the token to look.")
  private String listen;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description =
          "A name that browsers reach this machine by, beside its addresses and localhost;"
              + " repeatable.")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--token",
      paramLabel = "TEXT",
      description =
          "What changes need, at least 16 characters; rather set as SURPRISAL_DASHBOARD_TOKEN, which"
              + " no list of processes shows (default: a new one).")
  private Optional<String> token = Optional.empty();

  @Option(
      names = "--by",
      paramLabel = "NAME",
      description =
          "Who reviews and commands, as a claim, where the page names nobody (default: the user's"
              + " name).")
  private String by = System.getProperty("user.name", "");

  @Option(
      names = "--sign-with",
      paramLabel = "FILE",
      description = "Private key (Ed25519, PEM) that reviews and commands are signed with.")
  private Optional<Path> signingKey = Optional.empty();

  @Option(
      names = "--store",
      paramLabel = "DIR",
      description =
          "Read announced releases there, whatever directory an announcement names (default: where"
              + " it says): for histograms, schedules and samples.")
  private Optional<Path> store = Optional.empty();

  @Mixin private final ReviewTrustOption trust = new ReviewTrustOption();

  DashboardCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
  }

  @Override
  public Integer call() throws Exception {
    Usage.require(
        spec,
        token.map(String::length).orElse(Guard.SHORTEST_TOKEN) >= Guard.SHORTEST_TOKEN,
        "--token has fewer than "
            + Guard.SHORTEST_TOKEN
            + " characters; leave it out for a new one");
    Optional<PrivateKey> key = Optional.empty();
    if (signingKey.isPresent()) {
      key = Optional.of(Ed25519.privateKey(signingKey.get()));
    }
    try {
      ListenAddress.parse(listen);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--listen " + e.getMessage(), e);
    }
    kafka.connect().close(); // or says that there is no broker
    // That a broker is gone is said once, by the watch over it.
    Configurator.setLevel("org.apache.kafka.clients", Level.ERROR);
    Dashboard.Access access = new Dashboard.Access(listen, names, token, by, key, trust.of(kafka));
    try (Dashboard dashboard =
        Dashboard.start(
            kafka.client(Map.of()), kafka.topics(), access, store.map(Path::toAbsolutePath))) {
      invocation
          .out()
          .println(
              "Dashboard at "
                  + dashboard.address()
                  + "; to review and to steer open "
                  + dashboard.addressWithToken()
                  + " ; Ctrl-C ends it");
      while (!invocation.stop().await(LOOK)) {
        if (dashboard.failure().isPresent()) {
          throw dashboard.failure().get();
        }
      }
    }
    return 0;
  }
}
