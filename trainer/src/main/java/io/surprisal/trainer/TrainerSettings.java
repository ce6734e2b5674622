package io.surprisal.trainer;

import ai.djl.Device;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.schemas.Topics;
import io.surprisal.trainer.drift.DriftSensitivity;
import io.surprisal.trainer.release.CanarySettings;
import io.surprisal.trainer.reservoir.ReservoirBounds;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * How a trainer works.
 *
 * @param topics of the cluster
 * @param clients settings of Kafka clients, with the broker
 * @param group consumer group of the control topic, whose member is the active trainer, and the
 *     transactional id that keeps others from publishing
 * @param member what this trainer is called in what it says
 * @param directory of reservoir and runs, one for each process; kept over restarts
 * @param store directory of the releases, which scorers see too
 * @param throughKafka whether scorers get releases through Kafka, and not from the store
 * @param bounds of the reservoir
 * @param firstRelease file that is announced where no release is active yet; empty: the first
 *     release is trained
 * @param firstImages images of the stream from which the first release is trained
 * @param budget training time of a run that nobody gave another
 * @param every time between two runs without any other reason
 * @param pause least time between two runs that nobody asked for
 * @param sensitivity of the drift test
 * @param tolerance increase of held-out bits/dim that the gate lets pass, and of bits/dim on live
 *     images
 * @param canary how candidates are tried on live traffic
 * @param evaluations K that scorers serve with
 * @param alertRate share of normal images that scorers alert on
 * @param configuration of new networks; empty: what suits images, budget and machine
 * @param largestSide larger images are scaled down to this many pixels a side in new networks
 * @param device to train on
 * @param commandExpiry older commands are refused
 * @param keptReleases most releases in the store
 * @param signingKey of the releases; empty: they are not signed
 * @param commanders keys of which one must have signed a command; empty: none needs a signature
 * @param software name and version of this program, for the releases
 */
public record TrainerSettings(
    Topics topics,
    Map<String, Object> clients,
    String group,
    String member,
    Path directory,
    Path store,
    boolean throughKafka,
    ReservoirBounds bounds,
    Optional<Path> firstRelease,
    int firstImages,
    Duration budget,
    Duration every,
    Duration pause,
    DriftSensitivity sensitivity,
    double tolerance,
    CanarySettings canary,
    int evaluations,
    double alertRate,
    Optional<FitConfiguration> configuration,
    int largestSide,
    Device device,
    Duration commandExpiry,
    int keptReleases,
    Optional<PrivateKey> signingKey,
    List<PublicKey> commanders,
    String software) {

  public TrainerSettings {
    clients = Map.copyOf(clients);
    commanders = List.copyOf(commanders);
  }

  /**
   * A consumer of committed records that commits nothing by itself; the caller closes it.
   *
   * @param own further settings
   */
  public KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> own) {
    Map<String, Object> all = new HashMap<>(clients);
    all.putAll(own);
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }
}
