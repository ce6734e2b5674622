package io.surprisal.service.topics;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.surprisal.service.cli.Invocation;
import io.surprisal.service.options.TopicFollower;
import io.surprisal.topology.records.DeadLetter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints which images could not be scored, and why. */
@Command(
    name = "dead-letters",
    description = "Print which images could not be scored, and why, one a line.")
final class DeadLettersCommand implements Callable<Integer> {

  @Mixin private final TopicFollower follower;

  DeadLettersCommand(Invocation invocation) {
    this.follower = new TopicFollower(invocation);
  }

  @Override
  public Integer call() throws InterruptedException {
    return follower.follow(follower.kafka().topics().deadLetters(), this::print);
  }

  private void print(ConsumerRecord<byte[], byte[]> record) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("topic", header(record, DeadLetter.TOPIC));
    fields.put("partition", Integer.parseInt(header(record, DeadLetter.PARTITION)));
    fields.put("offset", Long.parseLong(header(record, DeadLetter.OFFSET)));
    fields.put("reason", header(record, DeadLetter.REASON));
    fields.put("exception", header(record, DeadLetter.EXCEPTION));
    fields.put("truncated", record.headers().lastHeader(DeadLetter.TRUNCATED) != null);
    fields.put("bytes", record.value() == null ? 0 : record.value().length);
    String line =
        "%s-%s at offset %s  %s  %s"
            .formatted(
                fields.get("topic"),
                fields.get("partition"),
                fields.get("offset"),
                fields.get("reason"),
                fields.get("exception"));
    follower.output().printLine(fields, line);
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    if (header == null) {
      throw new IllegalArgumentException("a dead letter without the header " + name);
    }
    return new String(header.value(), UTF_8);
  }
}
