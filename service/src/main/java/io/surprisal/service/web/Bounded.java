package io.surprisal.service.web;

import java.util.LinkedHashMap;
import java.util.Map;

/** A map of so many entries at most: the one that was put longest ago gives way. */
final class Bounded<K, V> extends LinkedHashMap<K, V> {
  private static final long serialVersionUID = 1L;
  private final int most;

  Bounded(int most) {
    this.most = most;
  }

  /** Puts an entry as the youngest one, also where the key is there already. */
  void renew(K key, V value) {
    remove(key);
    put(key, value);
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
    return size() > most;
  }
}
