package io.surprisal.trainer.cluster;

import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.time.InstantSource;

/** Begins what the active trainer says, in its name and at its time. Not thread-safe. */
public final class Statements {
  private final Topics topics;
  private final String member;
  private final ClusterView view;
  private final TransactionalSender sender;
  private final InstantSource clock;

  /**
   * Owns nothing of what it is given.
   *
   * @param view that holds what was said once it is committed
   */
  public Statements(
      ClusterSettings cluster, ClusterView view, TransactionalSender sender, InstantSource clock) {
    topics = cluster.topics();
    member = cluster.member();
    this.view = view;
    this.sender = sender;
    this.clock = clock;
  }

  /** A statement that says nothing yet. */
  public Statement begin() {
    return new Statement(topics, view, sender, this);
  }

  /** An event of now, by this trainer. */
  public TrainerEvent.Builder event(TrainerEventType type) {
    return TrainerEvent.newBuilder().setType(type).setEventTime(clock.instant()).setMember(member);
  }
}
