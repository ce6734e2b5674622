package io.surprisal.handover;

import java.util.List;

/** Where keys come from. Thread-safe. */
@FunctionalInterface
interface KeySource {
  /** The keys as they are now. */
  List<KeyList.Entry> entries();
}
