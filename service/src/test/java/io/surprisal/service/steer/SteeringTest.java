package io.surprisal.service.steer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.handover.DirectAnnouncement;
import io.surprisal.handover.Ed25519;
import io.surprisal.handover.Seal;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.service.system.CommandRun;
import io.surprisal.service.system.TrainerProcesses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What people and machines may send to the control topic, against a real trainer. */
@Tag("system")
@Tag("waiting")
class SteeringTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final RecordFormat<ControlCommand> COMMANDS =
      RecordFormat.of(ControlCommand.class);

  @TempDir private Path folder;
  private String clusterId = "";

  /** 50 records that must not do anything, and the number of answers that they get: 50. */
  @Test
  @Timeout(300)
  void shouldAnswerEveryBadCommandAndChangeNothing() throws Exception {
    KeyPair keys = Ed25519.newKeys();
    Path publicKey = pem("public.pem", "PUBLIC KEY", keys.getPublic());
    Path privateKey = pem("private.pem", "PRIVATE KEY", keys.getPrivate());
    try (TrainerProcesses system = new TrainerProcesses(folder)) {
      Release first = announce(system, "first", 1);
      Release second = announce(system, "second", 2);
      system.trainer("trainer", "--commanded-by", publicKey.toString());
      CommandRun good =
          system.command("rollback", "--sign-with", privateKey.toString(), "--command-id", "good");
      assertThat(good.exitCode()).as(good.out() + good.err()).isEqualTo(1); // nothing was before

      try (Admin admin = Admin.create(Map.of("bootstrap.servers", system.server()))) {
        clusterId = admin.describeCluster().clusterId().get();
      }
      List<ProducerRecord<byte[], byte[]>> bad = badCommands(keys, first, second);
      send(system, bad);

      system.await(
          "all answers",
          PATIENCE,
          () -> system.events(TrainerEventType.COMMAND_REJECTED).size() > 50);
      CommandRun pause = system.command("pause", "--sign-with", privateKey.toString());
      assertThat(pause.exitCode()).as(pause.err()).isZero();
      assertThat(bad).hasSize(50);
      assertThat(system.events())
          .extracting(TrainerEvent::getType)
          .containsOnly(TrainerEventType.COMMAND_REJECTED, TrainerEventType.COMMAND_DONE);
      assertThat(system.events(TrainerEventType.COMMAND_DONE)).hasSize(1);
      assertThat(system.events(TrainerEventType.COMMAND_REJECTED))
          .hasSize(51)
          .allSatisfy(event -> assertThat(event.getMessage()).isNotBlank())
          .allSatisfy(event -> assertThat(event.getCommandId()).isNotBlank());
      assertThat(system.announcements()).as("no announcement but the first two").hasSize(2);
    }
  }

  private List<ProducerRecord<byte[], byte[]>> badCommands(
      KeyPair keys, Release first, Release second) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    Random random = new Random(1);
    for (int i = 0; i < 10; i++) {
      byte[] garbage = new byte[random.nextInt(60)];
      random.nextBytes(garbage);
      records.add(record("garbage-" + i, garbage));
      byte[] cut = COMMANDS.encode(command("cut-" + i, CommandType.PAUSE).build());
      records.add(record("cut-" + i, Arrays.copyOf(cut, cut.length - 1 - i)));
    }
    records.add(record("empty", null));
    for (int i = 0; i < 4; i++) {
      records.add(
          signed(
              keys,
              command("stale-" + i, CommandType.PAUSE)
                  .setRequestedAt(Instant.now().minus(Duration.ofDays(1 + i)))));
      records.add(
          signed(
              keys,
              command("early-" + i, CommandType.PAUSE)
                  .setRequestedAt(Instant.now().plus(Duration.ofDays(1 + i)))));
      records.add(signed(keys, command("good", CommandType.PAUSE))); // an id that was answered
      records.add(
          record(
              "unsigned-" + i,
              COMMANDS.encode(command("unsigned-" + i, CommandType.PAUSE).build())));
      records.add(
          signed(
              Ed25519.newKeys(),
              command("foreign-" + i, CommandType.PROMOTE).setReleaseId(first.id())));
    }
    records.add(signed(keys, command("c1", CommandType.PROMOTE)));
    records.add(signed(keys, command("c2", CommandType.PAUSE).setReleaseId(first.id())));
    records.add(signed(keys, command("c3", CommandType.SET_ALERT_RATE)));
    records.add(signed(keys, command("c4", CommandType.SET_ALERT_RATE).setAlertRate(1.5)));
    records.add(signed(keys, command("c5", CommandType.RETRAIN).setMinutes(-1.0)));
    records.add(signed(keys, command("c6", CommandType.RETRAIN))); // there are no images
    records.add(signed(keys, command("c7", CommandType.CANCEL)));
    records.add(signed(keys, command("c8", CommandType.PROMOTE).setReleaseId("0".repeat(64))));
    records.add(signed(keys, command("c9", CommandType.PROMOTE).setReleaseId(second.id())));
    return records;
  }

  private static ControlCommand.Builder command(String id, CommandType type) {
    return ControlCommand.newBuilder()
        .setCommandId(id)
        .setType(type)
        .setRequestedBy("test")
        .setRequestedAt(Instant.now());
  }

  private ProducerRecord<byte[], byte[]> signed(KeyPair keys, ControlCommand.Builder command) {
    byte[] value = COMMANDS.encode(command.build());
    ProducerRecord<byte[], byte[]> record = record(command.getCommandId(), value);
    Seal.COMMAND.put(
        record, clusterId, Instant.now().plusSeconds(3600).toEpochMilli(), keys.getPrivate());
    return record;
  }

  private static ProducerRecord<byte[], byte[]> record(String key, byte[] value) {
    return new ProducerRecord<>("surprisal.control", key.getBytes(UTF_8), value);
  }

  private static void send(TrainerProcesses system, List<ProducerRecord<byte[], byte[]>> records)
      throws Exception {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", system.server()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (ProducerRecord<byte[], byte[]> record : records) {
        producer.send(record).get();
      }
    }
  }

  private Release announce(TrainerProcesses system, String name, long seed) throws Exception {
    Path file = folder.resolve(name + ".safetensors");
    Release release =
        Release.untrained(
            file,
            new ModelConfiguration(
                1, 8, 8, 8, 1, 2, 1e-6, List.of(), 0, -13.3, 5, Schedule.LEARNED_SCALAR),
            seed);
    DirectAnnouncement.of(
        file,
        release,
        system.store(),
        Map.of("bootstrap.servers", system.server()),
        new Topics(Topics.DEFAULT_PREFIX),
        "test");
    return release;
  }

  private Path pem(String name, String label, Key key) throws IOException {
    String text =
        "-----BEGIN %s-----\n%s\n-----END %s-----\n"
            .formatted(label, Base64.getMimeEncoder().encodeToString(key.getEncoded()), label);
    return Files.writeString(folder.resolve(name), text);
  }
}
