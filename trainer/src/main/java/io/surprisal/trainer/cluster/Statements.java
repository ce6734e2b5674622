package io.surprisal.trainer.cluster;

import io.surprisal.handover.Seal;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.security.PrivateKey;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Begins what the active trainer says, in its name and at its time. Not thread-safe. */
public final class Statements {
  private final Topics topics;
  private final String member;
  private final ClusterView view;
  private final TransactionalSender sender;
  private final InstantSource clock;
  private final String clusterId;
  private final Optional<PrivateKey> signingKey;
  private final Consumer<TrainerEventType> told;
  private long sequence;

  /**
   * Owns nothing of what it is given.
   *
   * @param view that holds what was said once it is committed
   * @param signingKey of announcements; empty: they are not signed
   * @param told hears of each event once it is committed
   */
  public Statements(
      ClusterSettings cluster,
      ClusterView view,
      TransactionalSender sender,
      Optional<PrivateKey> signingKey,
      Consumer<TrainerEventType> told,
      InstantSource clock) {
    this.told = told;
    topics = cluster.topics();
    member = cluster.member();
    clusterId = cluster.clusterId();
    this.signingKey = signingKey;
    sequence = view.sequence();
    this.view = view;
    this.sender = sender;
    this.clock = clock;
  }

  /** A statement that says nothing yet. */
  public Statement begin() {
    return new Statement(topics, view, sender, this);
  }

  /**
   * Signs an announcement, where there is a key. Its number is greater than all before it, and no
   * less than the time: so it is greater too than what lay in a topic that was emptied.
   */
  void seal(ProducerRecord<byte[], byte[]> announcement) {
    if (signingKey.isPresent()) {
      sequence = Math.max(sequence + 1, clock.millis());
      Seal.ANNOUNCEMENT.put(announcement, clusterId, sequence, signingKey.get());
    }
  }

  /** An event is committed. */
  void told(TrainerEventType type) {
    told.accept(type);
  }

  /** An event of now, by this trainer. */
  public TrainerEvent.Builder event(TrainerEventType type) {
    return TrainerEvent.newBuilder().setType(type).setEventTime(clock.instant()).setMember(member);
  }
}
