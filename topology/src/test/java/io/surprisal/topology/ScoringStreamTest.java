package io.surprisal.topology;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.ProductionExceptionHandler.Result;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.processor.TaskId;
import org.junit.jupiter.api.Test;

class ScoringStreamTest {

  @Test
  void shouldReplaceAThreadThatDiedOfATransientFault() {
    assertThat(ScoringStream.isTransient(new StreamsException(new TimeoutException("slow"))))
        .isTrue();
    assertThat(
            ScoringStream.isTransient(new StreamsException(new ProducerFencedException("again"))))
        .isTrue();
  }

  @Test
  void shouldStopOnAFaultThatStays() {
    assertThat(ScoringStream.isTransient(new StreamsException(new AuthorizationException("no"))))
        .isFalse();
    assertThat(ScoringStream.isTransient(new OutOfMemoryError("heap"))).isFalse();
    assertThat(ScoringStream.isTransient(new StreamsException(new NoClassDefFoundError("jar"))))
        .isFalse();
    assertThat(ScoringStream.isTransient(new IllegalStateException("a bug"))).isFalse();
  }

  @Test
  void shouldDropOnlyWhatATopicRefusesAsTooLarge() {
    OversizedRecordHandler handler = new OversizedRecordHandler();
    handler.configure(Map.of());
    ProducerRecord<byte[], byte[]> result = new ProducerRecord<>("scores", new byte[1]);

    assertThat(
            handler
                .handleError(new Context(), result, new RecordTooLargeException("large"))
                .result())
        .isEqualTo(Result.RESUME);
    assertThat(
            handler.handleError(new Context(), result, new AuthorizationException("no")).result())
        .isEqualTo(Result.FAIL);
  }

  private record Context() implements ErrorHandlerContext {
    @Override
    public String topic() {
      return "images";
    }

    @Override
    public int partition() {
      return 0;
    }

    @Override
    public long offset() {
      return 42;
    }

    @Override
    public Headers headers() {
      return new RecordHeaders();
    }

    @Override
    public String processorNodeId() {
      return "score";
    }

    @Override
    public TaskId taskId() {
      return new TaskId(0, 0);
    }

    @Override
    public long timestamp() {
      return 0;
    }

    @Override
    public byte[] sourceRawKey() {
      return new byte[0];
    }

    @Override
    public byte[] sourceRawValue() {
      return new byte[0];
    }
  }
}
