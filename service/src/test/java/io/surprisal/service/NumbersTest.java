package io.surprisal.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class NumbersTest {

  @Test
  void shouldBeWrittenInOneFormWhateverLanguageTheMachineSpeaks() throws Exception {
    String said = inGerman("inspect", "../releases/fashion-mnist.safetensors");

    assertThat(said).containsPattern("γ from -?\\d+\\.\\d{4} to \\d+\\.\\d{4}");
    assertThat(said).doesNotContainPattern("\\d,\\d");
  }

  private static String inGerman(String... args) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Duser.language=de",
            "-Duser.country=DE",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Surprisal.class.getName());
    builder.command().addAll(List.of(args));
    Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isZero();
    return said;
  }
}
