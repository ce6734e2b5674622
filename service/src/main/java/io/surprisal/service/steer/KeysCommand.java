package io.surprisal.service.steer;

import io.surprisal.handover.Ed25519;
import io.surprisal.handover.KeyList;
import io.surprisal.model.checks.WholeFile;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows and changes a list of public keys. */
@Command(
    name = "keys",
    description =
        "Show the keys of a list that --trust and --commanded-by take, add one, or revoke one.",
    footer = {
      "",
      "The list is a text, replaced as a whole; trainers and scorers that were started with it read"
          + " it again when it changes. Nothing that a revoked key signed counts any more, whenever"
          + " it was signed; of an expired one what it signed before does."
    })
final class KeysCommand implements Callable<Integer> {
  private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}|=");

  @Spec private CommandSpec spec;
  @Mixin private final Output output;

  @Parameters(
      paramLabel = "FILE",
      description = "The list; --add makes it. A public key in PEM is shown as well.")
  private Path file;

  @ArgGroup(exclusive = true, multiplicity = "0..1")
  private Change change = new Change();

  private static final class Change {
    @Option(
        names = "--add",
        paramLabel = "KEY.pub",
        description = "Add this public key (Ed25519, PEM), or say anew what is said of it.")
    private Optional<Path> added = Optional.empty();

    @Option(
        names = "--revoke",
        paramLabel = "ID",
        description = "Let nothing count that this key has signed.")
    private Optional<String> revoked = Optional.empty();
  }

  @Option(
      names = "--expires",
      paramLabel = "TIME",
      description =
          "With --add: nothing counts that it signs later, such as 2027-01-01T00:00:00Z (default:"
              + " it never expires).")
  private Optional<Instant> expires = Optional.empty();

  @Option(
      names = "--key-name",
      paramLabel = "TEXT",
      description = "With --add: what people call it (default: nothing).")
  private Optional<String> name = Optional.empty();

  KeysCommand(Invocation invocation) {
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() throws IOException {
    Usage.require(
        spec,
        change.added.isPresent() || (expires.isEmpty() && name.isEmpty()),
        "--expires and --key-name are of a key that is added; name it with --add");
    Usage.require(
        spec,
        name.isEmpty() || !(name.get().isBlank() || CONTROL.matcher(name.get()).find()),
        "--key-name must be a line of text without '='");
    KeyList keys = change.added.isPresent() && !Files.exists(file) ? KeyList.empty() : read();
    boolean changed = change.added.isPresent() || change.revoked.isPresent();
    if (changed && Files.exists(file) && KeyList.isPem(file)) {
      throw new MissingDependencyException(
          file + " is one key in PEM and no list; name another file, which --add makes");
    }
    if (change.added.isPresent()) {
      keys = keys.with(added(keys, change.added.get()));
    } else if (change.revoked.isPresent()) {
      keys = keys.with(revoked(keys, change.revoked.get()));
    }
    if (changed) {
      byte[] text = keys.text().getBytes(StandardCharsets.UTF_8);
      WholeFile.write(file, out -> out.write(text));
    }
    print(keys);
    return 0;
  }

  private KeyList read() throws IOException {
    if (!Files.exists(file)) {
      throw new MissingDependencyException(
          "there is no list "
              + file
              + "; make it with 'surprisal keys "
              + file
              + " --add KEY.pub'");
    }
    return KeyList.read(file);
  }

  private KeyList.Entry added(KeyList keys, Path pem) throws IOException {
    KeyList.Entry entry =
        new KeyList.Entry(
            Ed25519.publicKey(pem), expires, Optional.empty(), name.orElse("").strip());
    Optional<Instant> revoked =
        keys.entries().stream()
            .filter(known -> known.key().equals(entry.key()))
            .flatMap(known -> known.revoked().stream())
            .findFirst();
    if (revoked.isPresent()) {
      throw new IllegalArgumentException(
          "key %s was revoked at %s, which --add does not take back; make a new key"
              .formatted(entry.id(), revoked.get()));
    }
    return entry;
  }

  private KeyList.Entry revoked(KeyList keys, String id) {
    KeyList.Entry found =
        keys.entries().stream()
            .filter(entry -> entry.id().equals(id))
            .findFirst()
            .orElseThrow(
                () ->
                    new MissingDependencyException(
                        "%s has no key %s; 'surprisal keys %s' shows which it has"
                            .formatted(file, id, file)));
    return new KeyList.Entry(
        found.key(),
        found.expires(),
        found.revoked().or(() -> Optional.of(Instant.now().truncatedTo(ChronoUnit.SECONDS))),
        found.name());
  }

  private void print(KeyList keys) {
    Instant now = Instant.now();
    Table table = new Table("key", "state", "expires", "revoked", "name");
    List<Map<String, Object>> all = new ArrayList<>();
    for (KeyList.Entry entry : keys.entries()) {
      String state =
          entry.revoked().isPresent()
              ? "REVOKED"
              : entry.expires().filter(now::isAfter).isPresent() ? "EXPIRED" : "VALID";
      table.row(
          entry.id(),
          state,
          entry.expires().map(Instant::toString).orElse("never"),
          entry.revoked().map(Instant::toString).orElse("–"),
          entry.name());
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("key", entry.id());
      fields.put("state", state);
      fields.put("expires", entry.expires().map(Instant::toString).orElse(null));
      fields.put("revoked", entry.revoked().map(Instant::toString).orElse(null));
      fields.put("name", entry.name());
      all.add(fields);
    }
    output.print(all, table);
  }
}
