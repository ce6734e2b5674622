package io.surprisal.service.lab;

import io.surprisal.model.camera.CameraFrame;
import io.surprisal.model.camera.Defect;
import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.datasets.Idx;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.OutputFile;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.ImageSource;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.service.options.SeedOption;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code surprisal camera}: images of the demo's camera, to fit a release on or to watch. */
@Command(
    name = "camera",
    description = {
      "Draw images of the demo's procedural camera, to a file or to the input topic.",
      "With --publish it goes on until it is told to stop, over failures of the broker too; --json"
          + " then says of each image which defect it shows."
    })
final class CameraCommand implements Callable<Integer> {
  private static final int COUNT = 20_000;

  /** A broker may be away for so long before an image is given up, and the camera with it. */
  private static final int PATIENCE_MILLIS = 600_000;

  private final Invocation invocation;
  @Spec private CommandSpec spec;
  @Mixin private final KafkaOptions kafka;
  @Mixin private final Output output;

  @ArgGroup(exclusive = true, multiplicity = "1")
  private Destination destination;

  private static final class Destination {
    @Option(
        names = "--out",
        paramLabel = "FILE",
        description = "Write an IDX file; compressed where its name ends in .gz.")
    private Optional<Path> out = Optional.empty();

    @SuppressWarnings("UnusedVariable") // what is not --out is --publish
    @Option(names = "--publish", description = "Publish to the input topic, image by image.")
    private boolean publish;
  }

  @Option(
      names = "--count",
      paramLabel = "N",
      description = "How many images (default: 20000, with --publish no end).")
  private Optional<Integer> count = Optional.empty();

  @Mixin private final SeedOption seed = new SeedOption("Of the camera", 1);

  @Option(
      names = "--size",
      defaultValue = "32",
      paramLabel = "PIXELS",
      description = "Rows and columns of an image (default: ${DEFAULT-VALUE}).")
  private int size;

  @Option(
      names = "--roughness",
      defaultValue = "0",
      paramLabel = "LEVELS",
      description =
          "How much rougher the surfaces are than usual, in grey levels: another normality (default:"
              + " ${DEFAULT-VALUE}).")
  private double roughness;

  @Option(
      names = "--defect-rate",
      defaultValue = "0",
      paramLabel = "SHARE",
      description = "Share of images with a defect (default: ${DEFAULT-VALUE}).")
  private double defectRate;

  @Option(
      names = "--rate",
      defaultValue = "20",
      paramLabel = "N",
      description = "With --publish: images a second (default: ${DEFAULT-VALUE}).")
  private double rate;

  @Option(
      names = "--source",
      defaultValue = "camera",
      paramLabel = "NAME",
      description =
          "With --publish: what the images say they come from (default: ${DEFAULT-VALUE}).")
  private String source;

  private final AtomicReference<Exception> failure = new AtomicReference<>();

  CameraCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() throws Exception {
    Usage.require(
        spec, count.orElse(1) >= 1, "--count is " + count.orElse(1) + ", must be at least 1");
    Usage.require(spec, size >= 16 && size <= 1024, "--size is " + size + ", must be 16 to 1024");
    Usage.require(
        spec,
        roughness >= 0 && roughness <= 50,
        "--roughness is " + roughness + ", must be 0 to 50");
    Usage.require(
        spec,
        defectRate >= 0 && defectRate <= 1,
        "--defect-rate is " + defectRate + ", must be 0 to 1");
    Usage.require(spec, rate > 0, "--rate is " + rate + ", must be above 0");
    SurfaceCamera camera = new SurfaceCamera(seed.value(), defectRate, size, roughness);
    if (destination.out.isPresent()) {
      write(camera, destination.out.get());
    } else {
      publish(camera);
    }
    return 0;
  }

  private void write(SurfaceCamera camera, Path out) throws IOException {
    int images = count.orElse(COUNT);
    OutputFile.require(out, "--out");
    Idx.write(out, camera.frames(0, images));
    invocation.err().printf("surprisal: wrote %d images of %d×%d to %s%n", images, size, size, out);
  }

  private void publish(SurfaceCamera camera) throws Exception {
    Map<String, Object> config;
    try (Admin admin = kafka.connect()) {
      config = new HashMap<>(ImageSizeLimit.producer(kafka.maxImageRecordBytes(admin)));
    }
    config.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "none");
    config.put(ProducerConfig.LINGER_MS_CONFIG, 5);
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, PATIENCE_MILLIS);
    config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS);
    try (Producer<byte[], byte[]> producer = kafka.producer(config)) {
      send(camera, producer);
    }
    if (failure.get() != null) {
      throw failure.get();
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the callback sees to it
  private void send(SurfaceCamera camera, Producer<byte[], byte[]> producer)
      throws InterruptedException {
    RecordFormat<ImageEvent> format = RecordFormat.of(ImageEvent.class);
    // Another run of the same camera publishes other images, under other names.
    Instant begin = Instant.now();
    String run = "%s-%x".formatted(source, begin.getEpochSecond());
    long first = Math.floorMod(begin.toEpochMilli(), Integer.MAX_VALUE) * 1_000L;
    long start = System.nanoTime();
    long last = count.map(Integer::longValue).orElse(Long.MAX_VALUE);
    for (long index = 0; index < last && failure.get() == null; index++) {
      Duration ahead =
          Duration.ofNanos(Math.max(0, start + (long) (index / rate * 1e9) - System.nanoTime()));
      if (invocation.stop().await(ahead)) {
        return;
      }
      CameraFrame frame = camera.frame(first + index);
      String id = "%s-%06d".formatted(run, index);
      ImageEvent event = ImageSource.raw(id, source, Instant.now(), frame.image());
      producer.send(
          new ProducerRecord<>(kafka.topics().images(), format.encode(event)),
          (metadata, e) -> failure.compareAndSet(null, e));
      if (output.json()) {
        output.printLine(truth(id, frame), "");
      }
    }
  }

  private static Map<String, Object> truth(String id, CameraFrame frame) {
    Map<String, Object> truth = new LinkedHashMap<>();
    truth.put("imageId", id);
    truth.put("surface", lowerCase(frame.surface()));
    truth.put("defect", frame.defect().map(Defect::kind).map(CameraCommand::lowerCase));
    truth.put("contrast", frame.defect().map(Defect::contrast).map(CameraCommand::lowerCase));
    return truth;
  }

  private static String lowerCase(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
