package io.surprisal.handover;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The public keys of a file: the one of a PEM file, or those of a list, which is a text of one key
 * a line, its words apart by spaces:
 *
 * <pre>
 * # whatever one wants to say
 * ed25519 BASE64 [expires=INSTANT] [revoked=INSTANT] [NAME]
 * </pre>
 *
 * <p>BASE64 is what stands between the first and the last line of the key's PEM file, INSTANT a
 * time such as {@code 2027-01-01T00:00:00Z}, NAME whatever follows, for people. Immutable.
 */
public final class KeyList {
  private static final long MOST_BYTES = 1 << 20;
  private static final Pattern SPACES = Pattern.compile("\\s+");
  private static final String KIND = "ed25519";
  private static final String EXPIRES = "expires=";
  private static final String REVOKED = "revoked=";

  private final List<Line> lines;

  /**
   * A key, and for how long it counts.
   *
   * @param expires what is signed later does not count; empty: it never expires
   * @param revoked since when nothing that it signed counts, whenever that was; empty: it does
   * @param name for people; empty: none
   */
  public record Entry(
      PublicKey key, Optional<Instant> expires, Optional<Instant> revoked, String name) {

    /** A key that counts for ever. */
    public static Entry of(PublicKey key, String name) {
      return new Entry(key, Optional.empty(), Optional.empty(), name);
    }

    /** The key's id, see {@link Ed25519#id}. */
    public String id() {
      return Ed25519.id(key);
    }

    String line() {
      return KIND
          + " "
          + Base64.getEncoder().encodeToString(key.getEncoded())
          + expires.map(when -> " " + EXPIRES + when).orElse("")
          + revoked.map(when -> " " + REVOKED + when).orElse("")
          + (name.isEmpty() ? "" : " " + name);
    }
  }

  /** A line as it stands, with the key that it names. */
  private record Line(String text, Optional<Entry> entry) {}

  private KeyList(List<Line> lines) {
    this.lines = List.copyOf(lines);
  }

  /** A list without keys. */
  public static KeyList empty() {
    return new KeyList(List.of());
  }

  /**
   * Reads a file of either kind.
   *
   * @throws IOException if it is not there, or holds something else; the message names the line
   */
  public static KeyList read(Path file) throws IOException {
    if (Files.size(file) > MOST_BYTES) {
      throw new IOException(file + " is no list of keys: it has more than 1 MiB");
    }
    if (isPem(file)) {
      return empty().with(Entry.of(Ed25519.publicKey(file), ""));
    }
    List<String> texts = Files.readString(file, StandardCharsets.UTF_8).lines().toList();
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      String text = texts.get(i);
      boolean said = !text.isBlank() && !text.startsWith("#");
      try {
        lines.add(new Line(text, said ? Optional.of(entry(text)) : Optional.empty()));
      } catch (IllegalArgumentException | DateTimeException e) {
        throw new IOException(
            "line %d of %s is no key: %s; 'surprisal keys FILE --add KEY.pub' writes such lines"
                .formatted(i + 1, file, e.getMessage()),
            e);
      }
    }
    return new KeyList(lines);
  }

  /** Whether a file holds a key in PEM, which is no list that keys can be added to. */
  public static boolean isPem(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains("-----BEGIN");
  }

  private static Entry entry(String line) {
    List<String> words = Arrays.asList(SPACES.split(line.strip()));
    if (words.size() < 2 || !words.get(0).equals(KIND)) {
      throw new IllegalArgumentException("it must begin with '" + KIND + " ' and the key");
    }
    Optional<Instant> expires = Optional.empty();
    Optional<Instant> revoked = Optional.empty();
    int next = 2;
    for (; next < words.size(); next++) {
      String word = words.get(next);
      if (word.startsWith(EXPIRES)) {
        expires = Optional.of(Instant.parse(word.substring(EXPIRES.length())));
      } else if (word.startsWith(REVOKED)) {
        revoked = Optional.of(Instant.parse(word.substring(REVOKED.length())));
      } else {
        break;
      }
    }
    return new Entry(
        Ed25519.publicKey(words.get(1)),
        expires,
        revoked,
        String.join(" ", words.subList(next, words.size())));
  }

  /** The keys, in the order of their lines. */
  public List<Entry> entries() {
    return lines.stream().flatMap(line -> line.entry().stream()).toList();
  }

  /** With a key more, or with what is said of it now in place of what was. */
  public KeyList with(Entry entry) {
    List<Line> changed = new ArrayList<>();
    boolean found = false;
    for (Line line : lines) {
      boolean same = line.entry().filter(e -> e.key().equals(entry.key())).isPresent();
      changed.add(same ? new Line(entry.line(), Optional.of(entry)) : line);
      found |= same;
    }
    if (!found) {
      changed.add(new Line(entry.line(), Optional.of(entry)));
    }
    return new KeyList(changed);
  }

  /** The text of the file. */
  public String text() {
    StringBuilder text = new StringBuilder();
    lines.forEach(line -> text.append(line.text()).append('\n'));
    return text.toString();
  }
}
