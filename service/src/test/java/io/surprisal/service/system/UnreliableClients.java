package io.surprisal.service.system;

import io.surprisal.topology.kafka.FencingClients;
import io.surprisal.topology.kafka.StreamSettings;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.streams.KafkaClientSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The clients of a real stream of one thread, of which a test holds one back: the images' consumer
 * stands still, or the state of one task cannot be restored.
 */
final class UnreliableClients implements KafkaClientSupplier {
  private final FencingClients clients;

  private final String changelog;

  /** What is not restored, the first that was to be. */
  private volatile @Nullable TopicPartition held;

  private volatile CountDownLatch polls = new CountDownLatch(0);
  private volatile boolean restores = true;
  private volatile boolean corrupts;
  private volatile @Nullable Long workedSince;
  private final AtomicInteger corruptions = new AtomicInteger();
  private final AtomicInteger refusals = new AtomicInteger();

  UnreliableClients(StreamSettings settings, String store) {
    clients = new FencingClients(settings);
    changelog = settings.applicationId() + "-" + store + "-changelog";
  }

  /** The stream's thread stands still until {@link #goOn}; it does not rejoin its group. */
  void standStill() {
    polls = new CountDownLatch(1);
  }

  void goOn() {
    polls.countDown();
  }

  /** One task is not restored. */
  void holdRestoration() {
    restores = false;
  }

  /** The state of the task that is held is corrupted, once. */
  void corrupt() {
    corrupts = true;
  }

  /** All tasks are restored. */
  void restore() {
    corrupts = false;
    restores = true;
  }

  /** How long results have been written that are not committed; it is short but in a rebalance. */
  Duration uncommitted() {
    Long since = workedSince;
    return since == null ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - since);
  }

  /** How often the task was. */
  int corruptions() {
    return corruptions.get();
  }

  /** Commits that were refused for work that another task's end had aborted. */
  int refusals() {
    return refusals.get();
  }

  @Override
  public Admin getAdmin(Map<String, Object> config) {
    return clients.getAdmin(config);
  }

  @Override
  public Consumer<byte[], byte[]> getConsumer(Map<String, Object> config) {
    Consumer<byte[], byte[]> consumer = clients.getConsumer(config);
    return proxy(
        Consumer.class,
        consumer,
        method -> {
          if (method.getName().equals("poll")) {
            polls.await();
          }
        },
        thrown -> {});
  }

  @Override
  public Consumer<byte[], byte[]> getRestoreConsumer(Map<String, Object> config) {
    Consumer<byte[], byte[]> consumer = clients.getRestoreConsumer(config);
    return proxy(
        Consumer.class,
        consumer,
        method -> {
          if (!method.getName().equals("poll") || restores) {
            return;
          }
          if (held == null) {
            held = consumer.assignment().stream().filter(this::isOfStore).findFirst().orElse(null);
          }
          TopicPartition partition = held;
          if (partition != null && consumer.assignment().contains(partition)) {
            consumer.pause(Set.of(partition));
            if (corrupts) {
              corrupts = false;
              corruptions.incrementAndGet();
              throw new OffsetOutOfRangeException(Map.of(partition, 0L));
            }
          }
        },
        thrown -> {});
  }

  private boolean isOfStore(TopicPartition partition) {
    return partition.topic().equals(changelog);
  }

  @Override
  public Consumer<byte[], byte[]> getGlobalConsumer(Map<String, Object> config) {
    return clients.getGlobalConsumer(config);
  }

  @Override
  public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
    Producer<byte[], byte[]> producer = clients.getProducer(config);
    return proxy(Producer.class, producer, this::work, this::failed);
  }

  private void work(Method method) {
    if (method.getName().equals("send") && workedSince == null) {
      workedSince = System.nanoTime();
    } else if (method.getName().matches("(commit|abort)Transaction|close")) {
      workedSince = null;
    }
  }

  private void failed(Throwable thrown) {
    if (thrown instanceof ProducerFencedException
        && String.valueOf(thrown.getMessage()).contains("aborted with another")) {
      refusals.incrementAndGet();
    }
  }

  private interface Check {
    void run(Method method) throws InterruptedException;
  }

  /** A client that is asked before each call, and told of what is thrown. */
  @SuppressWarnings("unchecked")
  private static <T> T proxy(
      Class<? super T> type,
      T client,
      Check before,
      java.util.function.Consumer<Throwable> failed) {
    return (T)
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              before.run(method);
              try {
                return method.invoke(client, arguments);
              } catch (InvocationTargetException e) {
                failed.accept(e.getCause());
                throw e.getCause();
              }
            });
  }
}
