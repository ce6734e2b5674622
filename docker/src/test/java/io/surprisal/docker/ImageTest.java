package io.surprisal.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.command.InspectImageResponse;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The image by itself. */
@NeedsContainers
@Tag("containers")
class ImageTest {
  private static final long LARGEST_BYTES = 900_000_000;

  private final InspectImageResponse image =
      Containers.engine().inspectImageCmd(Containers.SURPRISAL).exec();

  @Test
  void shouldSayWhatItIs() {
    assertThat(image.getConfig().getLabels())
        .containsEntry("org.opencontainers.image.licenses", "Apache-2.0")
        .containsKeys("org.opencontainers.image.version", "org.opencontainers.image.revision");
    assertThat(image.getSize()).isLessThanOrEqualTo(LARGEST_BYTES);
  }

  @Test
  void shouldRunAsAnOrdinaryUser() throws Exception {
    assertThat(image.getConfig().getUser()).isEqualTo("10001:10001");
    assertThat(image.getConfig().getVolumes()).containsOnlyKeys("/data");
  }

  @Test
  void shouldRunTheNetworkWithNothingWritableButItsVolume() throws Exception {
    Containers.Ended ended = Containers.run("bench", "forward", "--image", "1x16x16", "--json");

    assertThat(ended.said()).contains("\"device\":\"cpu()\"", "gigaflopsPerSecond");
    assertThat(ended.exitCode()).isZero();
  }

  @Test
  void shouldSayInOneLineThatThereIsNoGpu() throws Exception {
    Containers.Ended ended = Containers.run("bench", "forward", "--device", "cuda");

    assertThat(ended.said().lines())
        .singleElement()
        .asString()
        .startsWith("surprisal: device 'cuda' is not there: PyTorch sees 0 GPUs");
    assertThat(ended.exitCode()).isEqualTo(3);
  }

  @Test
  void shouldSayWhereNoBrokerIs() throws Exception {
    Containers.Ended ended = Containers.run("score", "--bootstrap-server", "localhost:1");

    assertThat(ended.said()).contains("no broker answers at localhost:1");
    assertThat(ended.exitCode()).isEqualTo(3);
  }
}
