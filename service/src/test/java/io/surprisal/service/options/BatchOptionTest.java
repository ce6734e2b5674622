package io.surprisal.service.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

class BatchOptionTest {
  @Command
  private static final class Scoring {
    @Mixin private BatchOption batch;
  }

  private static BatchOption option(String... arguments) {
    Scoring command = new Scoring();
    new CommandLine(command).parseArgs(arguments);
    return command.batch;
  }

  @Test
  void shouldTakeMoreOnAGpu() {
    assertThat(option().on(List.of(Device.cpu()))).isEqualTo(4);
    assertThat(option().on(List.of(Device.cpu(), Device.gpu(0)))).isEqualTo(64);
  }

  @Test
  void shouldTakeWhatItIsTold() {
    BatchOption batch = option("--batch", "7");
    batch.require();

    assertThat(batch.on(List.of(Device.gpu(0)))).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "4097", "99999999999", "many"})
  void shouldRefuseWhatIsNoSize(String size) {
    assertThatThrownBy(() -> option("--batch", size).require())
        .isInstanceOf(ParameterException.class)
        .hasMessage("--batch is " + size + ", must be auto or 1 to 4096");
  }
}
