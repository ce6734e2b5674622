package io.surprisal.topology;

import io.surprisal.topology.pending.PendingRange;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.query.Position;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** A store that outlives its driver, as a changelog does. */
final class SurvivingStore implements KeyValueBytesStoreSupplier {

  private final String name;
  private final Map<Bytes, byte[]> entries = new TreeMap<>();

  /** Of pending images. */
  SurvivingStore() {
    this(ScoringTopology.PENDING);
  }

  SurvivingStore(String name) {
    this.name = name;
  }

  /** What an earlier member committed for partition 0. */
  void remember(PendingRange range) {
    entries.put(Bytes.wrap(new byte[Integer.BYTES]), encoded(range));
  }

  /** How many entries it has. */
  int size() {
    return entries.size();
  }

  private static byte[] encoded(PendingRange range) {
    try (var serde = PendingRange.serde()) {
      return serde.serializer().serialize("", range);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String metricsScope() {
    return "surviving";
  }

  @Override
  public KeyValueStore<Bytes, byte[]> get() {
    return new Store();
  }

  private final class Store implements KeyValueStore<Bytes, byte[]> {
    private boolean open;

    @Override
    public String name() {
      return SurvivingStore.this.name();
    }

    @Override
    public void init(StateStoreContext context, StateStore root) {
      context.register(root, (key, value) -> put(Bytes.wrap(key), value));
      open = true;
    }

    @Override
    public boolean persistent() {
      return false;
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public Position getPosition() {
      return Position.emptyPosition();
    }

    @Override
    public void close() {
      open = false;
    }

    @Override
    public void put(Bytes key, byte[] value) {
      if (value == null) {
        entries.remove(key);
      } else {
        entries.put(key, value);
      }
    }

    @Override
    public byte[] putIfAbsent(Bytes key, byte[] value) {
      return entries.putIfAbsent(key, value);
    }

    @Override
    public void putAll(List<KeyValue<Bytes, byte[]>> more) {
      more.forEach(entry -> put(entry.key, entry.value));
    }

    @Override
    public byte[] delete(Bytes key) {
      return entries.remove(key);
    }

    @Override
    public byte[] get(Bytes key) {
      return entries.get(key);
    }

    @Override
    public KeyValueIterator<Bytes, byte[]> range(Bytes from, Bytes to) {
      throw new UnsupportedOperationException("nobody asks for a range");
    }

    @Override
    public KeyValueIterator<Bytes, byte[]> all() {
      return new Entries(new ArrayDeque<>(entries.entrySet()));
    }

    @Override
    public long approximateNumEntries() {
      return entries.size();
    }
  }

  /** What was there when it was made. */
  private record Entries(Deque<Map.Entry<Bytes, byte[]>> left)
      implements KeyValueIterator<Bytes, byte[]> {

    @Override
    public boolean hasNext() {
      return !left.isEmpty();
    }

    @Override
    public KeyValue<Bytes, byte[]> next() {
      Map.Entry<Bytes, byte[]> entry = left.remove();
      return KeyValue.pair(entry.getKey(), entry.getValue());
    }

    @Override
    public Bytes peekNextKey() {
      return left.element().getKey();
    }

    @Override
    public void close() {
      left.clear();
    }
  }
}
