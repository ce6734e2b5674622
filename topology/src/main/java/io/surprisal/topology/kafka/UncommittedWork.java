package io.surprisal.topology.kafka;

import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.streams.processor.TaskId;

/**
 * Which tasks of a stream thread have worked in a transaction that is not committed, and whose work
 * was aborted though they go on.
 *
 * <p>All tasks of a thread share its transaction (KIP-447). Where one of them is closed because its
 * state is corrupted, Kafka Streams aborts the transaction, and commits the others before that; but
 * not while a rebalance is under way ({@code TaskManager.handleCorruption} of 4.3, since the pull
 * request 10444 of apache/kafka). The others then go on as if their results had been written, and
 * commit the offsets behind them: the results are lost. So tasks say here when they work and when
 * they are closed, and {@link FencingClients} lets no transaction be committed with such a loss.
 *
 * <p>For one stream thread alone.
 */
public final class UncommittedWork {
  private static final ThreadLocal<UncommittedWork> OF_THREAD =
      ThreadLocal.withInitial(UncommittedWork::new);

  private final Set<TaskId> open = new HashSet<>();
  private final Set<TaskId> lost = new TreeSet<>();

  UncommittedWork() {}

  /** That of the stream thread that asks. */
  public static UncommittedWork ofThread() {
    return OF_THREAD.get();
  }

  /** A task reads, writes or changes its state. */
  public void add(TaskId task) {
    open.add(task);
  }

  /** A task begins or is closed: whatever was not committed is made again. */
  public void forget(TaskId task) {
    open.remove(task);
    lost.remove(task);
  }

  void committed() {
    open.clear();
  }

  void aborted() {
    lost.addAll(open);
    open.clear();
  }

  /** The tasks that go on after their work was aborted; says so once. */
  Set<TaskId> takeLost() {
    Set<TaskId> taken = new TreeSet<>(lost);
    lost.clear();
    return taken;
  }
}
