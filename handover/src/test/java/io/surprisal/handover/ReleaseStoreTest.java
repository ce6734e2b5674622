package io.surprisal.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReleaseStoreTest {
  @TempDir Path folder;
  private Path directory;
  private ReleaseStore store;

  @BeforeEach
  void open() throws IOException {
    directory = folder.resolve("some").resolve("store");
    store = new ReleaseStore(directory);
  }

  private Path file(int seed) {
    return folder.resolve("release-" + seed);
  }

  private Release release(int seed) throws IOException {
    return SmallReleases.untrained(file(seed), seed);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  @Test
  void shouldGiveBackWhatWasPut() throws IOException {
    Release release = release(1);
    Path copy = store.put(file(1), release);
    assertThat(copy).isEqualTo(store.file(release.id())).hasSameBinaryContentAs(file(1));
    Files.delete(file(1));
    assertThat(store.load(release.id()).parameters()).isEqualTo(release.parameters());
    assertThat(files()).containsExactly(copy);
  }

  /** Of a process that was killed; what another writes now is left to it. */
  @Test
  void shouldClearAwayWhatWasLeftHalfWritten() throws IOException {
    Path abandoned = Files.createFile(directory.resolve(".partial-abandoned"));
    Files.setLastModifiedTime(abandoned, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    Path underWay = Files.createFile(directory.resolve(".partial-under-way"));
    Path copy = store.put(file(1), release(1));
    assertThat(files()).containsExactlyInAnyOrder(copy, underWay);
  }

  /** Scorers of another user read them, as they read all that this process writes. */
  @Test
  void shouldWriteAllFilesInTheModeOfTheProcess() throws IOException {
    Path any = Files.createFile(folder.resolve("any"));
    Path copy = store.put(file(1), release(1));
    store.writeWhole(store.signature(release(1).id()), new byte[64]);
    assertThat(Files.getPosixFilePermissions(copy))
        .isEqualTo(Files.getPosixFilePermissions(any))
        .isEqualTo(Files.getPosixFilePermissions(store.signature(release(1).id())));
  }

  @Test
  void shouldLeaveAReleaseThatIsThereAsItIs() throws IOException {
    Release release = release(1);
    Path copy = store.put(file(1), release);
    FileTime time = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(copy, time);
    assertThat(store.put(file(1), release)).isEqualTo(copy);
    assertThat(Files.getLastModifiedTime(copy)).isEqualTo(time);
    assertThat(files()).containsExactly(copy);
  }

  @Test
  void shouldTakeNoFileThatHasChangedSinceItWasRead() throws IOException {
    Release release = release(1);
    Files.copy(file(1), folder.resolve("kept"), StandardCopyOption.REPLACE_EXISTING);
    SmallReleases.untrained(file(1), 2);
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> store.put(file(1), release))
        .withMessageContaining("has the SHA-256");
    byte[] bytes = Files.readAllBytes(folder.resolve("kept"));
    bytes[bytes.length - 1] ^= 1;
    Files.write(file(1), bytes);
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> store.put(file(1), release))
        .withMessageContaining("has the SHA-256");
    assertThat(files()).isEmpty();
  }

  @Test
  void shouldLoadNoDamagedRelease() throws IOException {
    Release release = release(1);
    Path copy = store.put(file(1), release);
    byte[] bytes = Files.readAllBytes(copy);
    bytes[bytes.length / 2] ^= 1;
    Files.write(copy, bytes);
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> store.load(release.id()))
        .withMessageContaining(copy.toString());
  }

  @Test
  void shouldLoadNoReleaseUnderTheIdOfAnother() throws IOException {
    Release one = release(1);
    Release two = release(2);
    Files.copy(file(2), store.file(one.id()));
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> store.load(one.id()))
        .withMessageContaining("its SHA-256 is " + two.id());
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> ReleaseStore.load(file(2), one.id()))
        .withMessageContaining("not the release that was announced");
    assertThat(ReleaseStore.load(file(2), two.id()).id()).isEqualTo(two.id());
  }

  @Test
  void shouldSayThatAReleaseIsNotThere() {
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> store.load("0".repeat(64)));
  }

  /** Ids come from a topic: none may lead out of the store. */
  @Test
  void shouldTakeNothingForAnIdThatIsNone() {
    for (String id : List.of("", "a", "../" + "a".repeat(61), "A".repeat(64), "a".repeat(65))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> store.file(id))
          .withMessageContaining("'" + id + "'");
    }
  }

  /** Releases that were put in this order. */
  private List<String> putAll(int number) throws IOException {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      Release release = release(i);
      Path copy = store.put(file(i), release);
      Files.setLastModifiedTime(copy, FileTime.fromMillis(1_000_000L * (i + 1)));
      ids.add(release.id());
    }
    return ids;
  }

  @Test
  void shouldKeepTheNewestReleases() throws IOException {
    List<String> ids = putAll(5);
    Path other = Files.writeString(directory.resolve("notes.txt"), "mine");
    assertThat(store.retain(7, Set.of())).isEmpty();
    assertThat(store.retain(3, Set.of())).containsExactly(ids.get(0), ids.get(1));
    assertThat(files())
        .containsExactlyInAnyOrder(
            other, store.file(ids.get(2)), store.file(ids.get(3)), store.file(ids.get(4)));
    assertThat(store.retain(3, Set.of())).isEmpty();
  }

  @Test
  void shouldKeepReleasesOfAnyAgeThatItIsToldTo() throws IOException {
    List<String> ids = putAll(5);
    assertThat(store.retain(3, Set.of(ids.get(0), ids.get(2))))
        .containsExactly(ids.get(1), ids.get(3));
    assertThat(store.retain(1, Set.of(ids.get(0), ids.get(2)))).containsExactly(ids.get(4));
    assertThat(files()).containsExactlyInAnyOrder(store.file(ids.get(0)), store.file(ids.get(2)));
  }

  @Test
  void shouldDeleteASignatureWithItsRelease() throws IOException {
    List<String> ids = putAll(2);
    for (String id : ids) {
      Files.write(store.signature(id), new byte[64]);
    }
    store.retain(1, Set.of());
    assertThat(files())
        .containsExactlyInAnyOrder(store.file(ids.get(1)), store.signature(ids.get(1)));
  }
}
