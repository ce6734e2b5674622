package io.surprisal.handover;

import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The keys of which one must have signed what is to be believed. Those of files are read again when
 * the files change, so that a key that is revoked counts no more from then on, without a restart.
 * Thread-safe.
 */
public final class TrustedKeys {
  /** No signature is asked for. */
  public static final TrustedKeys NOBODY_ASKED = new TrustedKeys(List.of(), InstantSource.system());

  private final List<KeySource> sources;
  private final InstantSource clock;

  private TrustedKeys(List<? extends KeySource> sources, InstantSource clock) {
    this.sources = List.copyOf(sources);
    this.clock = clock;
  }

  /** These keys, for ever. */
  public static TrustedKeys of(PublicKey... keys) {
    return new TrustedKeys(
        Arrays.stream(keys)
            .map(key -> KeyList.Entry.of(key, ""))
            .<KeySource>map(entry -> () -> List.of(entry))
            .toList(),
        InstantSource.system());
  }

  /**
   * The keys of files, see {@link KeyList}.
   *
   * @param clock says whether a key has expired
   * @throws java.io.IOException if one is not there, or holds no keys
   */
  public static TrustedKeys read(List<Path> files, InstantSource clock) throws java.io.IOException {
    List<KeySource> sources = new ArrayList<>();
    for (Path file : files) {
      sources.add(new KeyFile(file));
    }
    return new TrustedKeys(sources, clock);
  }

  /** With one key more, beside what these say of it. */
  public TrustedKeys with(PublicKey key) {
    return new TrustedKeys(
        Stream.concat(of(key).sources.stream(), sources.stream()).toList(), clock);
  }

  /** Whether signatures are asked for: also where all keys are gone from a file since. */
  public boolean isAsked() {
    return !sources.isEmpty();
  }

  /** The time of whoever asks. */
  Instant now() {
    return clock.instant();
  }

  private List<KeyList.Entry> entries() {
    return sources.stream().flatMap(source -> source.entries().stream()).toList();
  }

  /**
   * Why a signature does not count; empty where it does.
   *
   * @param when it was made: a key may have expired then
   */
  public Optional<String> objection(byte[] message, byte[] signature, Instant when) {
    return signer(message, signature)
        .map(key -> objectionTo(key, when))
        .orElse(Optional.of("it is not signed by a key that is trusted"));
  }

  /** Why a signature does not count whenever it was made; empty where it does. */
  public Optional<String> objectionAtAnyTime(byte[] message, byte[] signature) {
    return objection(message, signature, Instant.MIN);
  }

  /** The key of these that made a signature, whatever became of it; empty where none did. */
  Optional<PublicKey> signer(byte[] message, byte[] signature) {
    return entries().stream()
        .map(KeyList.Entry::key)
        .distinct()
        .filter(key -> Ed25519.isTrusted(List.of(key), message, signature))
        .findFirst();
  }

  /**
   * Why what a key signs at a time does not count, as far as these know it; empty where it does.
   */
  public Optional<String> objectionTo(PublicKey key, Instant when) {
    List<KeyList.Entry> said = entries().stream().filter(entry -> entry.key().equals(key)).toList();
    String name = "key " + Ed25519.id(key);
    return said.stream()
        .flatMap(entry -> entry.revoked().stream())
        .findFirst()
        .map(since -> "%s, which signed it, was revoked at %s".formatted(name, since))
        .or(
            () ->
                said.stream()
                    .flatMap(entry -> entry.expires().stream())
                    .filter(when::isAfter)
                    .findFirst()
                    .map(end -> "%s, which signed it, expired at %s".formatted(name, end)));
  }

  @Override
  public String toString() {
    return entries().stream().map(KeyList.Entry::id).toList().toString();
  }
}
