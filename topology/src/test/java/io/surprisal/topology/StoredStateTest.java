package io.surprisal.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.topology.incidents.Incidents;
import io.surprisal.topology.pending.PendingRange;
import io.surprisal.topology.sources.SourceWatch;
import io.surprisal.topology.statistics.SourceWindow;
import io.surprisal.topology.statistics.WindowKey;
import java.time.Instant;
import java.util.Base64;
import org.apache.kafka.common.serialization.Serde;
import org.junit.jupiter.api.Test;

/**
 * What scorers keep in their stores, frozen as those of commit f25a19b wrote it into the
 * changelogs: this version reads it, and writes the same again, so that one of then reads that.
 * Where a format gets a further version, its bytes of before stay here to be read.
 */
class StoredStateTest {

  @Test
  void shouldReadAndWriteTheRangesOfPendingImages() {
    assertThat(again(PendingRange.serde(), "AAAAAAAAAAwAAAAAAAAADAAAAAE="))
        .isEqualTo(new PendingRange(12, 12, 1));
  }

  @Test
  void shouldReadAndWriteTheWindowsOfStatistics() {
    WindowKey key =
        again(
            WindowKey.serde(),
            "AAABoiyRw4AAAAAAAADqYABAM2I2OTIxZDg4NjAxZWE4YjZhNjNiOTNmODNlMmQxNjQ1Njk2N2FiYmJhOTVk"
                + "Y2MyMzQwMDRiZTYwZjlhZjk2NgAAA2NhbQ==");
    assertThat(key.source()).isEqualTo("cam");
    assertThat(Instant.ofEpochMilli(key.start())).isEqualTo("2026-11-30T13:08:00Z");
    assertThat(key.millis()).isEqualTo(60_000);
    SourceWindow window =
        again(
            SourceWindow.serde(),
            "AgAAAAAAAAAxQCCDugSk3kZAJhdj2HggBgAAAAAAAAAxAAAAAAAAAABAEmVMCzMzMwAA");
    assertThat(window.told()).isFalse();
  }

  @Test
  void shouldReadAndWriteOpenIncidents() {
    assertThat(
            again(
                    Incidents.serde(),
                    "AT+EeuFHrhR7QBuhipmP/6AAAAGiLJI91QAAAAAAAAAQwwHbKf44D12DxUBkYWM4ZDgzYTcyOWMy"
                        + "NTRiNGU4MjYzYjRlNjJmNDdiOQZjYW0AAqLOkcnFaOL8kcnFaAAmJkBkYWM4ZDgzYTcyOWMy"
                        + "NTRiNGU4MjYzYjRlNjJmNDdiOSphLWltYWdlcy1pZHgzLXVieXRlIzCizpHJxWgCnO6jJx1e"
                        + "UD9qop/7YpwfQEBkYWM4ZDgzYTcyOWMyNTRiNGU4MjYzYjRlNjJmNDdiOSphLWltYWdlcy1p"
                        + "ZHgzLXVieXRlIzCizpHJxWgCnO6jJx1eUD9qop/7YpwfQAYCBAYAgAEzYjY5MjFkODg2MDFl"
                        + "YThiNmE2M2I5M2Y4M2UyZDE2NDU2OTY3YWJiYmE5NWRjYzIzNDAwNGJlNjBmOWFmOTY2exSu"
                        + "R+F6hD8=")
                .incident()
                .getAlerts())
        .isEqualTo(19);
  }

  @Test
  void shouldReadAndWriteWhatIsKnownOfSources() {
    again(
        SourceWatch.sourceSerde(),
        "AQAAAaIskjUYAAAAAAAAUwMAAAGiLJJP2QAAAAAAAAAsQEX6yZzmzZJARfrJnObNkgAAAAAAAAAAAAAA"
            + "AAAAAABAuMpmQFEsYwAAAAAAAABhAAAAAAAAAVYAAAAAAAAY0AAAAAAAAAAAKwhAgSgAAAAAAAAAAAAA"
            + "AEiBQHygAAAAAAAAAAAAAABGXEB2gAAAAAAAAAAAAAAARJJAcyAAAAAAAAAAAAAAADuWQHLAAAAAAAAA"
            + "AAAAAABOf0BwcAAAAAAAAAAAAAAAQypAa8AAAAAAAAAAAAAAAD8aQGmgAAAAAAAAAAAAAABMGgGNYI2F"
            + "6QDNAABfAAAA1gAA3gB4AMHOAAAA4ADYAA4AAMsA4gAC2gACANsAAAAA5QBtABcAAN8A5QARAAAAAMkA"
            + "AN8ABUKDIp1CUI5kAAAAAAAAAAAAAAABAAABoiyST9kAQA3WEAsMAOUAAAAAAAAAKwg/8AAAAAAAAAAA"
            + "AAAAADpaP/AAAAAAAAAAAAAAAAA6ZD/wAAAAAAAAAAAAAAAAO5Y/8AAAAAAAAAAAAAAAADuXP/AAAAAA"
            + "AAAAAAAAAAA8XT/wAAAAAAAAAAAAAAAAPF4/8AAAAAAAAAAAAAAAAD0JP/AAAAAAAAAAAAAAAAA9FwAA"
            + "AAAAAFMDAAAAAAAAACy/8F6PjsZpzj/cqLIL9Phpv/Bej47Gac4AAAAAAAAAAAAsP/YuQv76Oe8AAAAA"
            + "AAAAAD/2LkL++jnvAAAAAAAAAAAALEAQTVfWftoqP8ezesAajqRAEE1X1n7aKgAAAAAAAAAAAAAAAAAs"
            + "AAAAAAAAAAAAAAAAAAAAAAAAAAAsAAAAAAAAAAAAAA==");
    again(SourceWatch.clockSerde(), "AAAAAAAATiYAAAGiLJJLFw==");
  }

  /** What frozen bytes hold, and that it becomes the same bytes again. */
  private static <T> T again(Serde<T> serde, String frozen) {
    try (serde) {
      byte[] bytes = Base64.getDecoder().decode(frozen);
      T read = serde.deserializer().deserialize("topic", bytes);
      assertThat(serde.serializer().serialize("topic", read)).isEqualTo(bytes);
      return read;
    }
  }
}
