package io.surprisal.topology;

import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.streams.errors.DefaultProductionExceptionHandler;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.ProductionExceptionHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last resort where a topic takes less than Surprisal was told: a result that the broker
 * refuses as too large is logged and dropped instead of stopping the stream. It cannot happen while
 * the topics are set up as {@code surprisal topics} does. All else is Kafka's default.
 */
public final class OversizedRecordHandler implements ProductionExceptionHandler {

  private static final Logger LOG = LoggerFactory.getLogger(OversizedRecordHandler.class);

  private final DefaultProductionExceptionHandler otherwise =
      new DefaultProductionExceptionHandler();

  @Override
  public void configure(Map<String, ?> configuration) {
    otherwise.configure(configuration);
  }

  @Override
  public Response handleError(
      ErrorHandlerContext context, ProducerRecord<byte[], byte[]> result, Exception thrown) {
    if (!(thrown instanceof RecordTooLargeException)) {
      return otherwise.handleError(context, result, thrown);
    }
    LOG.error(
        "Dropped a record for topic {}, of image {}-{}-{}: the topic refuses it as too large; raise"
            + " the topic's max.message.bytes",
        result.topic(),
        context.topic(),
        context.partition(),
        context.offset(),
        thrown);
    return Response.resume();
  }
}
