package io.surprisal.model.training;

import static io.surprisal.model.training.NativeMemory.DATA;
import static io.surprisal.model.training.NativeMemory.FIT;
import static io.surprisal.model.training.NativeMemory.KIBIBYTES_OF_NOISE;
import static io.surprisal.model.training.NativeMemory.MODEL;
import static io.surprisal.model.training.NativeMemory.WARM_UP;
import static io.surprisal.model.training.NativeMemory.nativeKibibytes;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.surprisal.model.runtime.TorchRuntime;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Native handles and resident memory in the long run of a training. */
@Tag("soak")
class NativeMemoryTest {

  @Test
  void shouldStayFlatOverFifteenHundredSteps() throws IOException {
    int before = TorchRuntime.nativeHandles();
    try (ModelTrainer trainer = new ModelTrainer(MODEL, FIT, Device.cpu(), 2, 7)) {
      for (int step = 0; step < WARM_UP; step++) {
        trainer.step(DATA, new int[] {step % 20, 19 - step % 20}, 1);
      }
      int handles = TorchRuntime.nativeHandles();
      long memory = nativeKibibytes();
      for (int step = 0; step < 1_500; step++) {
        trainer.step(DATA, new int[] {step % 20, 19 - step % 20}, 1);
      }
      assertThat(TorchRuntime.nativeHandles()).isEqualTo(handles).isGreaterThan(before);
      assertThat(nativeKibibytes()).isLessThan(memory + KIBIBYTES_OF_NOISE);
    }
    assertThat(TorchRuntime.nativeHandles()).isEqualTo(before);
  }
}
