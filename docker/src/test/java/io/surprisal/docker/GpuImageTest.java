package io.surprisal.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * docker/Dockerfile.gpu as far as a machine without a GPU can go: with PyTorch for the CPU in the
 * archive that it downloads, and with the flavour cpu.
 */
@NeedsContainers
@Tag("containers")
class GpuImageTest {
  private static final String IMAGE = "surprisal-gpu-test";
  private static final int BUILD_MINUTES = 5;
  @TempDir private static Path folder;

  @BeforeAll
  static void build() throws Exception {
    Path archive = folder.resolve("libtorch.zip");
    packLibtorch(archive);
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/libtorch.zip",
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(200, Files.size(archive));
            Files.copy(archive, exchange.getResponseBody());
          }
        });
    server.start();
    try {
      List<String> command =
          new ArrayList<>(List.of("docker", "build", "--network", "host", "--tag", IMAGE));
      command.addAll(List.of("--file", "../docker/Dockerfile.gpu"));
      argument(command, "SURPRISAL_IMAGE", Containers.SURPRISAL);
      argument(command, "LIBTORCH_URL", url(server));
      argument(command, "PYTORCH_FLAVOR", "cpu");
      for (String name : List.of("BUILD_IMAGE", "BASE_IMAGE")) {
        if (System.getenv(name) != null) {
          argument(command, name, System.getenv(name));
        }
      }
      command.add("../docker");
      Path log = folder.resolve("build.log");
      Process build =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      assertThat(build.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)).isTrue();
      assertThat(build.exitValue()).as(() -> read(log)).isZero();
    } finally {
      server.stop(0);
    }
  }

  private static String url(HttpServer server) {
    return "http://localhost:" + server.getAddress().getPort() + "/libtorch.zip";
  }

  private static void argument(List<String> command, String name, String value) {
    command.addAll(List.of("--build-arg", name + "=" + value));
  }

  private static String read(Path log) {
    try {
      return Files.readString(log, UTF_8);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** As PyTorch publishes it, out of the jar that the build has brought. */
  private static void packLibtorch(Path archive) throws IOException {
    Path jars = Path.of("..", "service", "target", "surprisal", "lib");
    Path jar;
    try (Stream<Path> files = Files.list(jars)) {
      jar =
          files
              .filter(file -> file.getFileName().toString().startsWith("pytorch-native-cpu-"))
              .findFirst()
              .orElseThrow();
    }
    try (ZipFile from = new ZipFile(jar.toFile());
        OutputStream out = Files.newOutputStream(archive);
        ZipOutputStream to = new ZipOutputStream(out)) {
      to.setLevel(0);
      for (Enumeration<? extends ZipEntry> all = from.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        if (entry.getName().contains(".so")) {
          String name = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
          to.putNextEntry(new ZipEntry("libtorch/lib/" + name));
          try (InputStream in = from.getInputStream(entry)) {
            in.transferTo(to);
          }
        }
      }
    }
  }

  @AfterAll
  static void remove() {
    Containers.engine().removeImageCmd(IMAGE).withForce(true).exec();
  }

  @Test
  void shouldRunTheNetworkWithTheLibrariesThatItWasGiven() throws Exception {
    Containers.Ended ended =
        Containers.run(IMAGE, List.of("bench", "forward", "--image", "1x16x16", "--json"));

    assertThat(ended.said()).contains("\"device\":\"cpu()\"", "gigaflopsPerSecond");
    assertThat(ended.exitCode()).isZero();
  }

  @Test
  void shouldSayThatThereIsNoGpuWhereOneIsAskedFor() throws Exception {
    Containers.Ended ended = Containers.run(IMAGE, List.of("bench", "forward", "--device", "cuda"));

    assertThat(ended.said()).contains("device 'cuda' is not there");
    assertThat(ended.exitCode()).isEqualTo(3);
  }
}
