package io.surprisal.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.model.HostConfig;
import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * Scorers and a trainer in containers beside a Kafka broker in a container, driven from the host.
 */
@NeedsContainers
@Tag("containers")
class ContainerisedStreamTest {
  private static final int SIDE = 16;
  private static final double ALERT_RATE = 0.05;
  private static final int FIRST_IMAGES = 600;
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final int GRACE_SECONDS = 40;
  private static final int SIGTERM = 143;

  private final String run = UUID.randomUUID().toString().substring(0, 8);
  private final Set<String> volumes = new HashSet<>();
  private final SurfaceCamera normal = new SurfaceCamera(1, 0, SIDE);
  private final SurfaceCamera defective = new SurfaceCamera(2, 1, SIDE);
  private Network network;
  private KafkaContainer kafka;
  private GenericContainer<?> trainer;
  private GenericContainer<?> first;
  private GenericContainer<?> second;
  private HostClient client;

  @BeforeEach
  void start() {
    network = Network.newNetwork();
    kafka =
        new KafkaContainer(
                DockerImageName.parse(Containers.KAFKA).asCompatibleSubstituteFor("apache/kafka"))
            .withNetwork(network)
            .withListener("kafka:19092");
    kafka.start();
    trainer =
        surprisal(
            "trainer",
            "train",
            "--config",
            "tiny",
            "--minutes",
            "0.4",
            "--first-images",
            String.valueOf(FIRST_IMAGES),
            "--evaluations",
            "4",
            "--alert-rate",
            String.valueOf(ALERT_RATE),
            "--through-kafka");
    first = scorer("first");
    second = scorer("second");
    client = new HostClient(kafka.getBootstrapServers());
  }

  @AfterEach
  void end() {
    client.close();
    Stream.of(first, second, trainer, kafka)
        .filter(Objects::nonNull)
        .forEach(GenericContainer::stop);
    volumes.forEach(volume -> Containers.engine().removeVolumeCmd(volume).exec());
    network.close();
  }

  private GenericContainer<?> scorer(String name) {
    return surprisal(
        name,
        "score",
        "--instance-id",
        name,
        "--threads",
        "2",
        "--evaluations",
        "4",
        "--alert-rate",
        String.valueOf(ALERT_RATE));
  }

  private GenericContainer<?> surprisal(String name, String... command) {
    String volume = "surprisal-test-" + run + "-" + name;
    volumes.add(volume);
    return new GenericContainer<>(DockerImageName.parse(Containers.SURPRISAL))
        .withNetwork(network)
        .withEnv("SURPRISAL_BOOTSTRAP_SERVER", "kafka:19092")
        .withCommand(command)
        .withCreateContainerCmdModifier(
            create -> {
              HostConfig host = create.getHostConfig();
              Containers.harden(host);
              Containers.mount(host, volume);
            })
        .waitingFor(Wait.forHealthcheck())
        .withStartupTimeout(PATIENCE);
  }

  @Test
  void shouldScoreAlertAndLearnAndLoseNothingWhenAScorerIsKilled() throws Exception {
    trainer.start();
    first.start();

    client.publish("normal", normal, 0, FIRST_IMAGES + 100);
    until("images that waited for the first release have scores", () -> scores().size() >= 700);
    String firstRelease = scores().get(0).getReleaseId();

    client.publish("defective", defective, 0, 60);
    client.send("surprisal.images", "no image event".getBytes(UTF_8));
    until("defects have scores", () -> scores().size() >= 760);
    until("garbage is a dead letter", () -> client.values("surprisal.dead-letters").size() == 1);
    List<AnomalyAlert> alerts = client.records("surprisal.alerts", AnomalyAlert.class);
    // 55 % of such defects alert where they were measured, 5 % of normal images do.
    assertThat(alerts).hasSizeGreaterThan(35);

    retrain();
    until("the new release serves", () -> servedBy("first").size() == 2);
    second.start();
    until("the second scorer serves it too", () -> !servedBy("second").isEmpty());
    client.publish("normal", normal, 1_000, 40);
    until("images have scores by it", () -> scores().size() >= 800);
    assertThat(
            scores().stream().skip(760).map(ImageScore::getReleaseId).collect(Collectors.toSet()))
        .isSubsetOf(servedBy("first"))
        .anyMatch(release -> !release.equals(firstRelease));

    killUnderLoad();
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(client.faults()).isEmpty());
    for (GenericContainer<?> scorer : List.of(first, second)) {
      terminate(scorer);
    }
    assertThat(client.faults()).as("after the last scorer's end").isEmpty();
  }

  /** Through the control topic, as any client would. */
  private void retrain() {
    ControlCommand command =
        ControlCommand.newBuilder()
            .setCommandId("from-the-host")
            .setType(CommandType.RETRAIN)
            .setMinutes(0.2)
            .setReason("a test")
            .setRequestedBy("the host")
            .setRequestedAt(Instant.now())
            .build();
    client.send("surprisal.control", RecordFormat.of(ControlCommand.class).encode(command));
    until(
        "the command is answered",
        () ->
            events().stream()
                .anyMatch(
                    event ->
                        event.getType() == TrainerEventType.COMMAND_ACCEPTED
                            && "from-the-host".equals(event.getCommandId())));
    until("the run ends", () -> ends().size() == 2);
    assertThat(ends())
        .extracting(TrainerEvent::getType)
        .as(() -> events().toString())
        .containsOnly(TrainerEventType.RUN_PUBLISHED);
  }

  private List<TrainerEvent> ends() {
    return events().stream()
        .filter(
            event ->
                Set.of(
                        TrainerEventType.RUN_PUBLISHED,
                        TrainerEventType.RUN_REFUSED,
                        TrainerEventType.RUN_FAILED)
                    .contains(event.getType()))
        .toList();
  }

  /** Kills one of the two while both are at work, and starts it again on its volume. */
  private void killUnderLoad() {
    int before = scores().size();
    client.publish("normal", normal, 2_000, 600);
    until("both have begun", () -> scores().size() >= before + 50);
    Containers.engine().killContainerCmd(first.getContainerId()).exec();
    until("the other goes on", () -> scores().size() >= before + 250);
    Containers.engine().startContainerCmd(first.getContainerId()).exec();
    client.publish("normal", normal, 3_000, 200);
    client.flush();
    until("all have scores", () -> scores().size() >= before + 800);
  }

  /** By SIGTERM, as 'docker stop' does: within the time it ends by itself, else it is killed. */
  private static void terminate(GenericContainer<?> scorer) {
    String id = scorer.getContainerId();
    Containers.engine().stopContainerCmd(id).withTimeout(GRACE_SECONDS).exec();
    assertThat(Containers.engine().inspectContainerCmd(id).exec().getState().getExitCodeLong())
        .isEqualTo(SIGTERM);
  }

  private List<ImageScore> scores() {
    return client.records("surprisal.scores", ImageScore.class);
  }

  private List<TrainerEvent> events() {
    return client.records("surprisal.trainer", TrainerEvent.class);
  }

  /** Releases that a scorer has said it serves. */
  private Set<String> servedBy(String member) {
    return events().stream()
        .filter(event -> event.getType() == TrainerEventType.RELEASE_SERVED)
        .filter(event -> member.equals(event.getMember()))
        .map(TrainerEvent::getReleaseId)
        .collect(Collectors.toSet());
  }

  private static void until(String what, Callable<Boolean> holds) {
    await(what).atMost(PATIENCE).pollDelay(Duration.ZERO).until(holds);
  }
}
