package io.surprisal.docker;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.surprisal.docker.NeedsClient.Client;
import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.schemas.ImageScore;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The programs in {@code docker/examples}, as a user runs them, against a broker and a scorer, each
 * a process: what they publish is scored, and what they read is what {@code surprisal scores} and
 * {@code surprisal alerts} print.
 */
@DisabledOnOs(OS.WINDOWS)
@Timeout(180)
@Tag("system")
class ForeignClientsTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path EXAMPLES = Path.of("examples").toAbsolutePath();
  private static final Path SCHEMAS =
      Path.of("..", "schemas", "src", "main").toAbsolutePath().normalize();
  private static final Path RELEASE =
      Path.of("..", "releases", "demo.safetensors").toAbsolutePath().normalize();
  private static final int FRAMES = 6;
  private static final int SIDE = 32;

  /** Begins like a PNG file, so that the clients take it for an image. */
  private static final byte[] GARBAGE = "\u0089PNG, it says".getBytes(ISO_8859_1);

  @TempDir private static Path folder;

  private static Program broker;
  private static Program scorer;
  private static String server;

  /** Each frame twice: raw, and as a PNG file. */
  private static final List<String> RAW = new ArrayList<>();

  private static final List<String> PNG = new ArrayList<>();
  private static String garbage;

  /** How many images of each kind all tests so far have published. */
  private static int scored;

  private static int refused;

  @BeforeAll
  static void start() throws Exception {
    broker = Program.surprisal(folder, "broker", "--port", "0", "--data-dir", "broker");
    images();
    String ready = broker.awaitWords("Broker ready at ");
    server = ready.replaceFirst("(?s).*Broker ready at (\\S+),.*", "$1");
    surprisal("topics").succeed();
    scorer = surprisal("score", "--release", RELEASE.toString(), "--state-dir", "state");
  }

  @AfterAll
  static void stop() throws Exception {
    for (Program program : new Program[] {scorer, broker}) {
      if (program != null) {
        program.close();
      }
    }
  }

  @Test
  @NeedsClient(Client.PYTHON)
  void shouldPublishAndReadFromPython() throws Exception {
    publish(python("publish.py"), "python");

    shouldReadWhatTheCommandPrints(python("read.py"), "python");
  }

  /** What becomes of each odd file is what {@code surprisal identify} says beforehand. */
  @Test
  @NeedsClient(Client.PYTHON)
  void shouldAnswerOddFilesFromPythonAsIdentifySays() throws Exception {
    Path intake =
        Path.of(Optional.ofNullable(System.getenv("SURPRISAL_DATA")).orElse("../../shared/data"))
            .toAbsolutePath()
            .normalize()
            .resolveSibling("intake");
    if (!Files.isDirectory(intake)) {
      System.err.println("SKIPPED the odd files: " + intake + " is not there");
      Assumptions.abort(intake + " is not there");
    }
    List<String> files;
    try (Stream<Path> all = Files.list(intake)) {
      files = all.map(Path::toString).filter(file -> !file.endsWith(".md")).sorted().toList();
    }
    List<String> identify = new ArrayList<>(List.of("identify", "--json"));
    identify.addAll(List.of("--release", RELEASE.toString()));
    identify.addAll(files);
    Program identified = Program.surprisal(folder, identify.toArray(String[]::new));
    assertThat(identified.exitCode()).as("some are refused: %s", identified.err()).isEqualTo(1);
    Map<String, JsonNode> said = new TreeMap<>();
    parsed(identified).forEach(file -> said.put(fileName(file.get("file").asText()), file));
    assertThat(said).hasSameSizeAs(files);

    Program published =
        run(
            python("publish.py"),
            List.of("--bootstrap-server", server, "--source", "intake"),
            files);
    assertThat(published.exitCode()).as(published.err()).isEqualTo(1);
    for (String foreign : List.of("other.gif", "other.webp")) {
      assertThat(published.err()).contains(foreign);
      assertThat(said.remove(foreign).get("accepted").asBoolean()).isFalse();
    }
    Map<Boolean, Set<String>> expected = new TreeMap<>();
    said.forEach(
        (name, file) ->
            expected
                .computeIfAbsent(file.get("accepted").asBoolean(), any -> new TreeSet<>())
                .add(name));
    assertThat(expected).containsKeys(true, false);
    scored += expected.get(true).size();
    refused += expected.get(false).size();

    Map<String, Map<String, Object>> scores = facts(Answers.await().scores, "intake");
    assertThat(scores.keySet()).isEqualTo(expected.get(true));
    scores.forEach(
        (name, facts) ->
            assertThat((List<?>) facts.get("repairs"))
                .as(name)
                .hasSize(said.get(name).get("repairs").size()));
    Program letters =
        surprisal("dead-letters", "--json", "--from-beginning", "--max", String.valueOf(refused));
    for (JsonNode letter : parsed(letters.succeed())) {
      if (letter.path("source").asText().equals("intake")) {
        String name = letter.get("imageId").asText();
        assertThat(expected.get(false)).contains(name);
        assertThat(said.get(name).get("reason").asText()).startsWith(letter.get("reason").asText());
      }
    }
  }

  private static String fileName(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  @Test
  @NeedsClient({Client.NODE, Client.NPM})
  void shouldPublishAndReadFromNode() throws Exception {
    publish(node("publish.js"), "node");

    shouldReadWhatTheCommandPrints(node("read.js"), "node");
  }

  @Test
  @NeedsClient({Client.KCAT, Client.PYTHON})
  void shouldPublishAndReadWithKcat() throws Exception {
    List<String> records = new ArrayList<>();
    for (String raw : RAW) {
      records.add(
          run(python("encode.py"), "--source", "kcat", "--gray8", SIDE + "x" + SIDE, raw)
              .succeed()
              .outFile()
              .toString());
    }
    List<String> publish =
        new ArrayList<>(
            List.of("kcat", "-P", "-b", server, "-t", "surprisal.images", "-k", "kcat"));
    publish.addAll(List.of("-X", "topic.partitioner=murmur2_random"));
    publish.addAll(records);
    publish.add(garbage);
    Program.start(folder, publish).succeed();
    scored += FRAMES;
    refused++;

    Answers answers = Answers.await();

    Program scores = kcat("surprisal.scores", "%R%s");
    Program alerts = kcat("surprisal.alerts", "%R%s");
    assertThat(facts(decoded(scores, "scores"), "kcat")).isEqualTo(facts(answers.scores, "kcat"));
    assertThat(facts(decoded(alerts, "alerts"), "kcat")).isEqualTo(facts(answers.alerts, "kcat"));
    assertThat(answers.scores.stream().filter(score -> isOf(score, "kcat"))).hasSize(FRAMES);
    assertThat(kcat("surprisal.dead-letters", "%h\\n").lines())
        .hasSize(refused)
        .anySatisfy(
            line ->
                assertThat(line).contains("surprisal.topic=surprisal.images", "surprisal.reason="));
  }

  @Test
  @NeedsClient(Client.PYTHON)
  void shouldReadOtherVersionsFromPython() throws Exception {
    shouldReadOtherVersions(python("read.py"), "python.");
  }

  @Test
  @NeedsClient({Client.NODE, Client.NPM})
  void shouldReadOtherVersionsFromNode() throws Exception {
    shouldReadOtherVersions(node("read.js"), "node.");
  }

  @Test
  @NeedsClient(Client.PYTHON)
  void shouldNameTheRemedyInPython() throws Exception {
    shouldNameTheRemedy(python("publish.py"), python("read.py"));
  }

  @Test
  @NeedsClient({Client.NODE, Client.NPM})
  void shouldNameTheRemedyInNode() throws Exception {
    shouldNameTheRemedy(node("publish.js"), node("read.js"));
  }

  /** Sends all frames in both forms, and one file that only begins like an image. */
  private static void publish(List<String> program, String source) throws Exception {
    List<String> options =
        List.of("--bootstrap-server", server, "--source", source, "--key", "source");
    Program raw = run(program, options, List.of("--gray8", SIDE + "x" + SIDE), RAW);
    Program png = run(program, options, PNG, List.of(garbage));
    assertThat(raw.succeed().out())
        .contains("Published " + FRAMES + " images to surprisal.images, left out 0");
    assertThat(png.succeed().out()).contains("Published " + (FRAMES + 1) + " images");
    scored += 2 * FRAMES;
    refused++;

    Program wrong = run(program, options, List.of("--gray8", "31x31"), RAW.subList(0, 1));
    assertThat(wrong.exitCode()).isEqualTo(1);
    assertThat(wrong.err()).contains("left out " + RAW.get(0), "1024 bytes");
  }

  private static void shouldReadWhatTheCommandPrints(List<String> program, String source)
      throws Exception {
    Answers answers = Answers.await();

    List<String> common = List.of("--bootstrap-server", server, "--from-beginning", "--max");
    Program scores =
        run(program, List.of("scores"), common, List.of(String.valueOf(answers.scores.size())));
    Program alerts =
        run(program, List.of("alerts"), common, List.of(String.valueOf(answers.alerts.size())));
    Map<String, Map<String, Object>> read = facts(parsed(scores.succeed()), source);

    assertThat(read).isEqualTo(facts(answers.scores, source));
    assertThat(facts(parsed(alerts.succeed()), source)).isEqualTo(facts(answers.alerts, source));
    Set<String> sent = new TreeSet<>();
    Stream.concat(RAW.stream(), PNG.stream())
        .forEach(file -> sent.add(Path.of(file).getFileName().toString()));
    assertThat(read.keySet()).isEqualTo(sent);
    Set<Object> partitions = new TreeSet<>();
    Set<Object> verdicts = new TreeSet<>();
    read.forEach(
        (imageId, facts) -> {
          verdicts.add(facts.get("verdict"));
          partitions.add(facts.get("location.partition"));
          // The noise is a function of the pixels, so both forms of a frame cost the same bits.
          assertThat((double) facts.get("bitsPerDim"))
              .isEqualTo(
                  (double) read.get(imageId.replace(".raw", ".png")).get("bitsPerDim"),
                  within(1e-3));
        });
    assertThat(verdicts).containsExactlyInAnyOrder("ALERT", "NORMAL");
    assertThat(partitions).as("the key is the source").hasSize(1);

    Program endless = run(program, List.of("scores"), common.subList(0, 2), List.of());
    endless.awaitWords("reading surprisal.scores");
    assertThat(endless.terminate()).as(endless.err()).isZero();
  }

  /**
   * A reader whose schema has a field more than today's reads what was written before there was
   * that field, and what a later version wrote, if it has their schemas; what is of no known
   * version is named and passed over.
   */
  private static void shouldReadOtherVersions(List<String> program, String prefix)
      throws Exception {
    Schema today = ImageScore.getClassSchema();
    Schema current = with(today, "lens");
    Schema later = with(current, "filter");
    Path schemas = Files.createDirectories(folder.resolve(prefix + "schemas"));
    Files.writeString(schemas.resolve("ImageScore.avsc"), current.toString());
    Files.writeString(
        Files.createDirectories(schemas.resolve("v1")).resolve("ImageScore.avsc"),
        today.toString());
    Files.writeString(
        Files.createDirectories(schemas.resolve("v3")).resolve("ImageScore.avsc"),
        later.toString());
    surprisal("topics", "--topic-prefix", prefix, "--partitions", "1").succeed();
    send(
        prefix + "scores",
        "no record at all".getBytes(UTF_8),
        singleObject(with(today, "unheard"), "unknown"),
        singleObject(today, "earlier"));
    sendAndAbort(prefix + "scores", singleObject(today, "aborted"));
    send(prefix + "scores", singleObject(current, "same"), singleObject(later, "later"));

    Program read =
        run(
            program,
            List.of("scores", "--bootstrap-server", server, "--topic-prefix", prefix),
            List.of("--from-beginning", "--max", "3", "--schemas", schemas.toString()),
            List.of());

    List<JsonNode> records = parsed(read.succeed());
    assertThat(records.stream().map(score -> score.get("imageId").asText()))
        .containsExactly("earlier", "same", "later");
    assertThat(records.stream().map(score -> score.get("lens").asText()))
        .containsExactly("none", "lens of same", "lens of later");
    assertThat(records)
        .allSatisfy(
            score -> {
              assertThat(score.has("filter")).isFalse();
              assertThat(score.get("bitsPerDim").asDouble()).isEqualTo(3.1);
              assertThat(score.get("eventTime").asText()).isEqualTo("2026-01-02T03:04:05.006Z");
            });
    assertThat(read.err())
        .contains("skipped " + prefix + "scores-0 at offset 0: no ImageScore")
        .contains(
            "skipped "
                + prefix
                + "scores-0 at offset 1: written as %016x"
                    .formatted(SchemaNormalization.parsingFingerprint64(with(today, "unheard"))),
            "--schemas");
  }

  private static void shouldNameTheRemedy(List<String> publish, List<String> read)
      throws Exception {
    String png = PNG.get(0);
    List<String> nobody = List.of("--bootstrap-server", "localhost:1");
    List<String> elsewhere = List.of("--bootstrap-server", server, "--topic-prefix", "elsewhere.");
    List<String> noSchemas =
        List.of("--bootstrap-server", server, "--schemas", folder.resolve("broker").toString());
    Map<Program, String> remedies =
        Map.of(
            run(publish, nobody, List.of("--source", "s", png), List.of()),
            "no broker answers at localhost:1",
            run(read, List.of("scores"), nobody, List.of()),
            "--bootstrap-server",
            run(publish, elsewhere, List.of("--source", "s", png), List.of()),
            "there is no topic elsewhere.images",
            run(read, List.of("alerts"), elsewhere, List.of()),
            "'surprisal topics' creates it",
            run(read, List.of("alerts"), noSchemas, List.of()),
            "no schema of AnomalyAlert");
    for (Map.Entry<Program, String> remedy : remedies.entrySet()) {
      Program program = remedy.getKey();
      assertThat(program.exitCode()).as(program.err()).isEqualTo(3);
      assertThat(program.err()).contains(remedy.getValue());
      assertThat(program.err().lines()).hasSize(1);
    }
    assertThat(run(read, List.of("nonsense"), List.of(), List.of()).exitCode()).isEqualTo(2);
  }

  /** What the command prints once all images so far have been answered. */
  private record Answers(List<JsonNode> scores, List<JsonNode> alerts) {

    static Answers await() throws Exception {
      Program scores =
          surprisal("scores", "--json", "--from-beginning", "--max", String.valueOf(scored));
      Program refusals =
          surprisal("dead-letters", "--json", "--from-beginning", "--max", String.valueOf(refused));
      List<JsonNode> printed = parsed(scores.succeed());
      assertThat(parsed(refusals.succeed()))
          .allSatisfy(letter -> assertThat(letter.get("reason").asText()).isNotBlank());
      long alerting =
          printed.stream().filter(score -> score.get("verdict").asText().equals("ALERT")).count();
      Program alerts =
          surprisal("alerts", "--json", "--from-beginning", "--max", String.valueOf(alerting));
      return new Answers(printed, parsed(alerts.succeed()));
    }
  }

  /**
   * What each record of one source says, by image, comparable across writers of JSON. No image may
   * come twice.
   */
  private static Map<String, Map<String, Object>> facts(List<JsonNode> records, String source) {
    Map<String, Map<String, Object>> byImage = new TreeMap<>();
    for (JsonNode record : records) {
      if (isOf(record, source)) {
        Map<String, Object> facts = new TreeMap<>();
        collect(record, "", facts);
        assertThat(byImage.put(record.get("imageId").asText(), facts)).isNull();
      }
    }
    return byImage;
  }

  private static void collect(JsonNode node, String path, Map<String, Object> facts) {
    node.properties()
        .forEach(
            field -> {
              String name = path + field.getKey();
              JsonNode value = field.getValue();
              if (value.isObject()) {
                collect(value, name + ".", facts);
              } else if (value.isArray()) {
                // Floats: each language prints its own decimal number for one.
                List<Object> items = new ArrayList<>();
                value.forEach(item -> items.add(item.isNumber() ? item.floatValue() : item));
                facts.put(name, items);
              } else if (value.isNumber()) {
                facts.put(name, value.doubleValue());
              } else {
                facts.put(
                    name,
                    field.getKey().equals("eventTime")
                        ? Instant.parse(value.asText())
                        : value.asText());
              }
            });
  }

  private static boolean isOf(JsonNode record, String source) {
    return record.get("source").asText().equals(source);
  }

  private static List<JsonNode> parsed(Program program) throws IOException {
    List<JsonNode> records = new ArrayList<>();
    for (String line : program.lines()) {
      records.add(JSON.readTree(line));
    }
    return records;
  }

  private static List<JsonNode> decoded(Program kcat, String what) throws Exception {
    Program decode =
        Program.start(
            folder,
            "sh",
            "-c",
            "exec \"$1\" \"$2\" \"$3\" <\"$4\"",
            "sh",
            Client.python(),
            EXAMPLES.resolve("python/decode.py").toString(),
            what,
            kcat.outFile().toString());
    return parsed(decode.succeed());
  }

  private static Program kcat(String topic, String format) throws Exception {
    return Program.start(folder, "kcat", "-C", "-q", "-e", "-b", server, "-t", topic, "-f", format)
        .succeed();
  }

  private static List<String> python(String program) {
    return List.of(Client.python(), EXAMPLES.resolve("python").resolve(program).toString());
  }

  /** The Node example lies in a folder of its own with what {@code npm ci} brings. */
  private static synchronized List<String> node(String program) throws Exception {
    Path node = Path.of("target", "examples", "node").toAbsolutePath();
    Path installed = node.resolve("installed");
    Files.createDirectories(node);
    try (Stream<Path> files = Files.list(EXAMPLES.resolve("node"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(
            file, node.resolve(file.getFileName().toString()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    byte[] lock = Files.readAllBytes(node.resolve("package-lock.json"));
    if (!Files.exists(installed) || !Arrays.equals(Files.readAllBytes(installed), lock)) {
      Program install = Program.start(node, "npm", "ci", "--no-audit", "--no-fund");
      if (install.exitCode() != 0) {
        String reason = "npm ci failed; it needs npm's registry once: " + install.err();
        NeedsClient.Condition.skip(program, reason);
        Assumptions.abort(reason);
      }
      Files.write(installed, lock);
    }
    return List.of("node", node.resolve(program).toString());
  }

  @SafeVarargs
  private static Program run(List<String> program, List<String>... arguments) throws IOException {
    List<String> command = new ArrayList<>(program);
    boolean schemas = false;
    for (List<String> part : arguments) {
      command.addAll(part);
      schemas |= part.contains("--schemas");
    }
    if (program.get(0).equals("node") && !schemas) {
      command.addAll(List.of("--schemas", SCHEMAS.toString()));
    }
    return Program.start(folder, command);
  }

  private static Program run(List<String> program, String... arguments) throws IOException {
    return run(program, List.of(arguments));
  }

  private static Program surprisal(String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--bootstrap-server", server));
    // A busy machine may take longer than the 5 seconds that the command grants a broker.
    all.addAll(List.of("--kafka", "request.timeout.ms=60000"));
    all.addAll(List.of("--kafka", "default.api.timeout.ms=60000"));
    return Program.surprisal(folder, all.toArray(String[]::new));
  }

  private static void images() throws IOException {
    var frames = new SurfaceCamera(1, 0.5, SIDE).frames(0, FRAMES);
    for (int i = 0; i < FRAMES; i++) {
      byte[] pixels = frames.image(i).interleaved();
      RAW.add(Files.write(folder.resolve("frame-" + i + ".raw"), pixels).toString());
      BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
      image.getRaster().setDataElements(0, 0, SIDE, SIDE, pixels);
      Path png = folder.resolve("frame-" + i + ".png");
      ImageIO.write(image, "png", png.toFile());
      PNG.add(png.toString());
    }
    garbage = Files.write(folder.resolve("garbage.png"), GARBAGE).toString();
  }

  /** The schema with one more field, of the default "none". */
  private static Schema with(Schema schema, String field) {
    List<Schema.Field> fields = new ArrayList<>();
    schema.getFields().forEach(each -> fields.add(new Schema.Field(each, each.schema())));
    fields.add(new Schema.Field(field, Schema.create(Schema.Type.STRING), "A test's.", "none"));
    return Schema.createRecord(
        schema.getName(), schema.getDoc(), schema.getNamespace(), false, fields);
  }

  /** A score in Avro's single-object encoding, put together from its specification. */
  private static byte[] singleObject(Schema schema, String imageId) throws IOException {
    GenericRecord score = new GenericData.Record(schema);
    for (Schema.Field field : schema.getFields()) {
      score.put(
          field.name(),
          switch (field.schema().getType()) {
            case STRING ->
                field.name().equals("imageId") ? imageId : field.name() + " of " + imageId;
            case LONG -> Instant.parse("2026-01-02T03:04:05.006Z").toEpochMilli();
            case INT -> 8;
            case DOUBLE -> 3.1;
            case ARRAY ->
                field.schema().getElementType().getType() == Schema.Type.FLOAT
                    ? List.of(0.5f)
                    : List.of();
            case ENUM -> new GenericData.EnumSymbol(field.schema(), "NORMAL");
            case UNION -> null;
            default -> {
              GenericRecord location = new GenericData.Record(field.schema());
              location.put("topic", "surprisal.images");
              location.put("partition", 1);
              location.put("offset", 2L);
              yield location;
            }
          });
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    write(bytes, schema);
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<GenericRecord>(schema).write(score, encoder);
    encoder.flush();
    return bytes.toByteArray();
  }

  private static void write(OutputStream bytes, Schema schema) throws IOException {
    bytes.write(
        ByteBuffer.allocate(10)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put((byte) 0xC3)
            .put((byte) 1)
            .putLong(SchemaNormalization.parsingFingerprint64(schema))
            .array());
  }

  private static void send(String topic, byte[]... values) throws Exception {
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", server),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (byte[] value : values) {
        producer.send(new ProducerRecord<>(topic, value)).get();
      }
    }
  }

  private static void sendAndAbort(String topic, byte[] value) throws Exception {
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", server, "transactional.id", topic),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(topic, value)).get();
      producer.abortTransaction();
    }
  }
}
