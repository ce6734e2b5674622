package io.surprisal.service.topics;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.ImageSource;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.service.topics.PublishCheck.Checked;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Sends images to the input topic. */
@Command(
    name = "publish",
    description = "Send images to the input topic.",
    footer = {
      "",
      "What scorers would refuse (files that are no images, or damaged, or of too many pixels) and"
          + " what is larger than the topic takes is named and left out; the rest is sent, and the"
          + " exit code is 1."
    })
final class PublishCommand implements Callable<Integer> {

  /** What the records' key is. */
  enum Key {
    SOURCE,
    IMAGE,
    NONE
  }

  private final Invocation invocation;
  @Spec private CommandSpec spec;
  @Mixin private final KafkaOptions kafka;
  @Mixin private final Output output;

  @Parameters(
      arity = "1..*",
      paramLabel = "FILES|DIR|IDX",
      description =
          "PNG, JPEG, TIFF and BMP files, folders of them, IDX files (plain or gzip), CIFAR .bin"
              + " files.")
  private List<Path> paths;

  @Option(
      names = "--source",
      paramLabel = "NAME",
      required = true,
      description = "The camera, scanner or pipeline that the images come from.")
  private String source;

  @Option(
      names = "--key",
      paramLabel = "source|image|none",
      defaultValue = "none",
      description =
          "source keeps the images in order on one partition, image keeps those of one id"
              + " together, none spreads them over all partitions (default: ${DEFAULT-VALUE}).")
  private Key key;

  @Option(
      names = "--rate",
      paramLabel = "N",
      description = "At most this many images a second (default: as fast as they go).")
  private double rate = Double.POSITIVE_INFINITY;

  private final AtomicLong published = new AtomicLong();

  /** In the order in which they were found out; guarded by itself. */
  private final List<PublishCheck.Refused> leftOut = new ArrayList<>();

  private final AtomicReference<Exception> failure = new AtomicReference<>();

  PublishCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() throws Exception {
    Usage.require(spec, rate > 0, "--rate is " + rate + ", must be above 0");
    List<ImageSource> sources = ImageSource.open(paths);
    int limit;
    try (Admin admin = kafka.connect()) {
      limit = kafka.maxImageRecordBytes(admin);
    }
    Map<String, Object> config = new HashMap<>(ImageSizeLimit.producer(limit));
    config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    config.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "none");
    config.put(ProducerConfig.LINGER_MS_CONFIG, 5);
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 10_000);
    config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000);
    config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 30_000);
    PublishCheck check = new PublishCheck(kafka.topics().images(), limit);
    long total = sources.stream().mapToLong(ImageSource::size).sum();
    long start = System.nanoTime();
    try (Producer<byte[], byte[]> producer = kafka.producer(config);
        Progress progress = invocation.progress("publish", total, "images")) {
      send(sources, producer, progress, check);
      producer.flush();
    }
    if (failure.get() != null) {
      throw failure.get();
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("published", published.get());
    result.put("leftOut", leftOut.size());
    result.put("refused", leftOut);
    result.put("seconds", seconds);
    result.put("imagesPerSecond", published.get() / seconds);
    output.printLine(
        result,
        String.format(
            Locale.ROOT,
            "Published %d images to %s in %.1f s (%.0f images/s)%s",
            published.get(),
            kafka.topics().images(),
            seconds,
            published.get() / seconds,
            leftOut.isEmpty() ? "" : ", left out " + leftOut.size()));
    return leftOut.isEmpty() ? 0 : Failure.FAILED;
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the callback sees to it
  private void send(
      List<ImageSource> sources,
      Producer<byte[], byte[]> producer,
      Progress progress,
      PublishCheck check)
      throws InterruptedException {
    long start = System.nanoTime();
    long sent = 0;
    for (ImageSource images : sources) {
      for (int i = 0; i < images.size(); i++) {
        Duration ahead = Duration.ofNanos(start + (long) (sent / rate * 1e9) - System.nanoTime());
        boolean stopped =
            ahead.isNegative() ? invocation.stop().requested() : invocation.stop().await(ahead);
        if (stopped || failure.get() != null) {
          return;
        }
        sent++;
        progress.step();
        String name = images.name(i);
        byte[] key = keyOf(name);
        Checked checked = check.check(images, i, key, source, Instant.now());
        if (checked instanceof Checked.Sendable image) {
          producer.send(
              new ProducerRecord<>(kafka.topics().images(), key, image.value()),
              (metadata, e) -> acknowledge(name, image.value().length, e));
        } else if (checked instanceof Checked.NotSendable image) {
          leaveOut(image.why());
        }
      }
    }
  }

  private void acknowledge(String name, int bytes, Exception e) {
    if (e == null) {
      published.incrementAndGet();
    } else if (e instanceof RecordTooLargeException) {
      // The broker did not say what the topic takes, or the user has told the producer less.
      leaveOut(PublishCheck.refusedByKafka(name, bytes));
    } else {
      failure.compareAndSet(null, e);
    }
  }

  private void leaveOut(PublishCheck.Refused refused) {
    synchronized (leftOut) {
      leftOut.add(refused);
    }
    invocation
        .err()
        .println("surprisal publish: left out " + refused.image() + ": " + refused.message());
  }

  private byte @Nullable [] keyOf(String name) {
    return switch (key) {
      case SOURCE -> source.getBytes(UTF_8);
      case IMAGE -> name.getBytes(UTF_8);
      case NONE -> null;
    };
  }
}
