package io.surprisal.service.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.streams.errors.StreamsException;
import org.junit.jupiter.api.Test;
import org.rocksdb.RocksDBException;

class FailureTest {
  /** Of a failed commit the last cause alone says why. */
  @Test
  void shouldTellWhatEveryCauseSays() {
    Throwable failure =
        new ExecutionException(
            new StreamsException(
                "Error encountered trying to commit a transaction [stream-thread]",
                new TimeoutException("no answer within 60000 ms")));

    assertThat(Failure.story(failure))
        .isEqualTo(
            "Error encountered trying to commit a transaction [stream-thread]: no answer within"
                + " 60000 ms");
  }

  @Test
  void shouldTellNothingTwiceAndLeaveStackTracesOut() {
    Throwable failure =
        new StreamsException(
            "taskId=0_1, partition=2, stacktrace=java.lang.IllegalStateException: gone\n\tat x.Y",
            new IllegalStateException(
                "the device is gone", new IllegalStateException("the device is gone")));

    assertThat(Failure.story(failure)).isEqualTo("taskId=0_1, partition=2: the device is gone");
    assertThat(Failure.story(new IllegalStateException())).isEqualTo("IllegalStateException");
  }

  /** As the trainer's reservoir and a scorer's stores fail; each program wraps it once more. */
  @Test
  void shouldSayOnceWhatToDoAboutAFullDisk() {
    Throwable failure =
        new IllegalStateException(
            "the reservoir cannot be read or written",
            new RocksDBException(
                "While appending to file: /d/000004.log: No space left on device"));
    Throwable wrapped = new IllegalStateException("it ended: " + Failure.story(failure), failure);

    for (Throwable thrown : List.of(failure, wrapped)) {
      assertThat(Failure.of(thrown).message())
          .contains("/d/000004.log: No space left on device")
          .containsOnlyOnce("the reservoir cannot be read or written")
          .containsOnlyOnce("make room there, or name another place");
    }
    assertThat(Failure.of(new UncheckedIOException(new IOException("No space left on device"))))
        .isEqualTo(
            new Failure(
                Failure.FAILED,
                "No space left on device; make room there, or name another place, and start again: what was committed is kept"));
  }

  /** Said by PyTorch 2.11 on a GPU, and by 2.7 on a CPU. */
  @Test
  void shouldSayInOneLineThatADeviceHasTooLittleMemory() {
    assertThat(
            Failure.of(
                    new IllegalStateException(
                        """
                        The following operation failed in the TorchScript interpreter.
                        Traceback of TorchScript (most recent call last):
                          File "code/__torch__.py", line 31, in forward
                        RuntimeError: CUDA out of memory. Tried to allocate 56.08 GiB. GPU 0 has a \
                        total capacity of 79.18 GiB of which 20.91 GiB is free. Including \
                        non-PyTorch memory, this process has 58.26 GiB memory in use.
                        """))
                .message())
        .isEqualTo(
            "CUDA out of memory. Tried to allocate 56.08 GiB. GPU 0 has a total capacity of 79.18"
                + " GiB of which 20.91 GiB is free. Take smaller batches");
    assertThat(
            Failure.of(
                    new IllegalStateException(
                        "[enforce fail at alloc_cpu.cpp:115] err == 0. DefaultCPUAllocator: can't"
                            + " allocate memory: you tried to allocate 602112000000 bytes. Error"
                            + " code 12 (Cannot allocate memory)"))
                .message())
        .isEqualTo(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 602112000000 bytes."
                + " Take smaller batches");
  }
}
