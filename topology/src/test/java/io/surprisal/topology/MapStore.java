package io.surprisal.topology;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.query.Position;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** A store in memory that keeps bytes, as a changelog does: what comes back has been written. */
public final class MapStore<K extends Comparable<K>, V> implements KeyValueStore<K, V> {

  private final Serde<V> values;
  private final Map<K, byte[]> entries = new TreeMap<>();

  public MapStore(Serde<V> values) {
    this.values = values;
  }

  @Override
  public void put(K key, V value) {
    if (value == null) {
      entries.remove(key);
    } else {
      entries.put(key, values.serializer().serialize("", value));
    }
  }

  @Override
  public V get(K key) {
    return values.deserializer().deserialize("", entries.get(key));
  }

  @Override
  public V delete(K key) {
    V before = get(key);
    entries.remove(key);
    return before;
  }

  /** Bytes of the largest value. */
  public int largest() {
    return entries.values().stream().mapToInt(bytes -> bytes.length).max().orElse(0);
  }

  @Override
  public long approximateNumEntries() {
    return entries.size();
  }

  @Override
  public KeyValueIterator<K, V> all() {
    var left = new ArrayDeque<>(entries.keySet());
    return new KeyValueIterator<>() {
      @Override
      public boolean hasNext() {
        return !left.isEmpty();
      }

      @Override
      public KeyValue<K, V> next() {
        K key = left.remove();
        return KeyValue.pair(key, get(key));
      }

      @Override
      public K peekNextKey() {
        return left.element();
      }

      @Override
      public void close() {
        left.clear();
      }
    };
  }

  @Override
  public V putIfAbsent(K key, V value) {
    throw new UnsupportedOperationException("nobody asks for it");
  }

  @Override
  public void putAll(List<KeyValue<K, V>> more) {
    more.forEach(entry -> put(entry.key, entry.value));
  }

  @Override
  public KeyValueIterator<K, V> range(K from, K to) {
    throw new UnsupportedOperationException("nobody asks for a range");
  }

  @Override
  public String name() {
    return "map";
  }

  @Override
  public void init(StateStoreContext context, StateStore root) {
    throw new UnsupportedOperationException("belongs to no topology");
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException("belongs to no topology");
  }

  @Override
  public boolean persistent() {
    return false;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public Position getPosition() {
    return Position.emptyPosition();
  }
}
