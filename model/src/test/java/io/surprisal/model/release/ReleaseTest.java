package io.surprisal.model.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.surprisal.model.TinyModels;
import io.surprisal.model.checks.Sha256;
import io.surprisal.model.diffusion.GaussianModel;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.TimeDensity;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.network.ParameterLayout;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReleaseTest {
  private static final String MANIFEST = "surprisal.release";

  /** Smaller still than other tests' models, since its file is damaged at every place. */
  private static final ModelConfiguration CONFIGURATION =
      new ModelConfiguration(
          1, 2, 3, 4, 1, 2, 1e-5, List.of(), 0, -13.3, 5, Schedule.LEARNED_SCALAR);

  private static final float[] PARAMETERS = TinyModels.trained(CONFIGURATION, 1);

  private static final Calibration CALIBRATION =
      new Calibration(
          8,
          "float32",
          new float[] {3, 1, 2},
          List.of(
              new Calibration.Correction(8, 0.07, 0.01, 0.5, 1.5),
              new Calibration.Correction(16, 0.03, 0.01, 0.5, 1.5)),
          new LossProfile(
              List.of(
                  new LossProfile.Point(0.25, -8.7, 1.5, 0.25, 10),
                  new LossProfile.Point(0.75, 0.4, 0.5, 0, 14))));

  @TempDir Path folder;
  private Path file;
  private Release written;

  @BeforeEach
  void writeRelease() throws IOException {
    file = folder.resolve("m.safetensors");
    written =
        Release.write(
            file, CONFIGURATION, PARAMETERS, Optional.of(CALIBRATION), TinyModels.TRAINING);
  }

  @Test
  void shouldComeBackAsItWasWritten() throws IOException {
    Release read = Release.load(file);
    assertSame(read, written);
    assertThat(read.id()).isEqualTo(written.id()).isEqualTo(Sha256.hex(Files.readAllBytes(file)));
    assertThat(read.parameters()).isEqualTo(PARAMETERS);
    assertThat(read.calibration().orElseThrow().bitsPerDim()).containsExactly(1, 2, 3);
  }

  private static void assertSame(Release actual, Release expected) {
    assertThat(actual.configuration()).isEqualTo(expected.configuration());
    assertThat(actual.preprocessing()).isEqualTo(expected.preprocessing());
    assertThat(actual.levelOffset()).isEqualTo(expected.levelOffset());
    assertThat(actual.parameters()).isEqualTo(expected.parameters());
    assertThat(actual.calibration()).isEqualTo(expected.calibration());
    assertThat(actual.training()).isEqualTo(expected.training());
  }

  @Test
  void shouldBeTheSameFileForTheSameContent() throws IOException {
    Release again =
        Release.write(
            folder.resolve("again"),
            CONFIGURATION,
            PARAMETERS,
            Optional.of(CALIBRATION),
            TinyModels.TRAINING);
    assertThat(again.id()).isEqualTo(written.id());
  }

  @Test
  void shouldBeImmutable() throws IOException {
    Release read = Release.load(file);
    read.parameters()[0] = 99;
    assertThat(read.parameters()).isEqualTo(PARAMETERS);
  }

  @Test
  void shouldComeBackWithoutACalibration() throws IOException {
    Release.untrained(file, CONFIGURATION, 3);
    assertThat(Release.load(file).calibration()).isEmpty();
  }

  @Test
  void shouldChangeOnlyTheCalibrationWhenRecalibrated() throws IOException {
    // a release whose noise levels lie elsewhere keeps them: its bias was measured there
    rewrite(manifest -> manifest.put("levelOffset", 0.25), tensors -> {});
    Calibration other = new Calibration(4, "float32", new float[] {5}, List.of());
    Release recalibrated = Release.load(file).recalibrated(folder.resolve("other"), other);
    assertThat(recalibrated.calibration()).contains(other);
    assertThat(recalibrated.levelOffset()).isEqualTo(0.25);
    assertThat(recalibrated.training()).isEqualTo(written.training());
    assertThat(recalibrated.id()).isNotEqualTo(written.id());
    assertSame(Release.load(folder.resolve("other")), recalibrated);
  }

  /** A version that would score without it must refuse the file. */
  @Test
  void shouldComeBackWithItsControlVariateInAFormatOfItsOwn() throws IOException {
    ControlVariate control =
        new ControlVariate(
            new TimeDensity(List.of(0.8, 1.7, 1.1)),
            List.of(0, 255),
            List.of(List.of(0.5, 1e-9), List.of(-2.0, 0.1)),
            List.of(List.of(1.0), List.of(2.0), List.of(3.0)));
    Calibration controlled =
        new Calibration(
            8, "float32", new float[] {5}, List.of(), LossProfile.UNMEASURED, Optional.of(control));
    Path other = folder.resolve("controlled");
    written.recalibrated(other, controlled);

    assertThat(Release.load(other).calibration().orElseThrow().control()).contains(control);
    assertThat(Files.readString(other, StandardCharsets.ISO_8859_1)).contains("format\\\":2");
    assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).contains("format\\\":1");
  }

  /** A version that would read files in another way must refuse the release. */
  @Test
  void shouldComeBackWithItsInterpretationInAFormatOfItsOwn() throws IOException {
    Interpretation interpretation =
        Interpretation.usual().withBackground("#000000").with(new Interpretation.Levels(64, 4095));
    Path other = folder.resolve("interpreting");
    Release.write(
        other,
        written.configuration(),
        written.preprocessing().with(interpretation),
        written.parameters(),
        written.calibration(),
        written.training(),
        Optional.empty());

    assertThat(Release.load(other).preprocessing().interpretation()).isEqualTo(interpretation);
    assertThat(Files.readString(other, StandardCharsets.ISO_8859_1)).contains("format\\\":5");
    assertThat(written.preprocessing().interpretation()).isEqualTo(Interpretation.unstated());
  }

  /** A version that would not test it must refuse the file. */
  @Test
  void shouldComeBackWithItsTypicalityInAFormatOfItsOwn() throws IOException {
    Typicality typicality =
        new Typicality(List.of(0.5, 1e-9), List.of(List.of(2.0, 0.25), List.of(0.25, 1.0)));
    Calibration typical =
        new Calibration(
            8,
            "float32",
            new float[] {5, 3, 4},
            List.of(),
            LossProfile.UNMEASURED,
            Optional.empty(),
            Optional.of(typicality),
            new float[] {0.5f, 0.3f, 0.4f});
    assertThat(typical.untypicality()).containsExactly(0.3f, 0.4f, 0.5f);
    Path other = folder.resolve("typical");
    written.recalibrated(other, typical);

    assertThat(Release.load(other).calibration()).contains(typical);
    assertThat(Files.readString(other, StandardCharsets.ISO_8859_1)).contains("format\\\":3");
    assertThat(typicality.distance(new double[] {1.5, 1})).isCloseTo(3.5, within(1e-6));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Typicality(List.of(1.0), List.of(List.of(Double.NaN))))
        .withMessageContaining("1 finite numbers");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Typicality(List.of(1.0, 2.0), List.of(List.of(1.0, 0.0))))
        .withMessageContaining("1 rows for 2 traits");
  }

  /** The Gaussian is a tensor, and what is normal of it metadata; a reader must know both. */
  @Test
  void shouldComeBackWithTheGaussianOfItsNormalImages() throws IOException {
    assertThat(NormalGaussian.reduced(new ImageShape(1, 2, 33)))
        .isEqualTo(new ImageShape(1, 1, 17));
    ImageShape shape = NormalGaussian.reduced(CONFIGURATION.shape());
    GaussianModel gaussian =
        new GaussianModel(
            new float[6], new float[][] {{0, 0, 0, 1, 0, 0}}, new double[] {0.3}, 1e-3);
    Typicality distance = new Typicality(Collections.nCopies(9, -2.5), identity(9));
    NormalGaussian normal = new NormalGaussian(shape, gaussian, distance);
    Calibration typical =
        new Calibration(
            8,
            "float32",
            new float[] {5, 3},
            List.of(),
            LossProfile.UNMEASURED,
            Optional.empty(),
            Optional.of(new Typicality(List.of(0.5), identity(1)).with(normal)),
            new float[] {0.5f, 0.3f});
    written.recalibrated(file, typical);

    assertThat(Release.load(file).calibration()).contains(typical);
    assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).contains("format\\\":6");
    // At γ = 0 of six numbers of y = −1 + 1/256: ¼ (1/(½ 0.3 + ½)² + 5/(½ 1e-3 + ½)²) y²/6.
    assertThat(normal.errors(new PixelImage(1, 2, 3, new byte[6]))[6])
        .isCloseTo(0.92304, within(1e-5));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new NormalGaussian(new ImageShape(1, 1, 5), gaussian, distance))
        .withMessageContaining("do not fit images of");
    assertRefusedAfter(
        manifest -> {},
        tensors -> tensors.remove("calibration.gaussian"),
        "its Gaussian lacks a part");
    written.recalibrated(file, typical);
    assertRefusedAfter(
        manifest -> ((ObjectNode) manifest.at("/calibration/gaussian/shape")).put("height", 3),
        tensors -> {},
        "is of other images");
    written.recalibrated(file, typical);
    assertRefusedAfter(
        manifest -> ((ObjectNode) manifest.at("/calibration/gaussian")).put("otherVariance", -1),
        tensors -> {},
        "are not finite");
  }

  /** Scores are sorted, and each keeps its source. */
  @Test
  void shouldComeBackWithTheSourcesOfItsCalibration() throws IOException {
    CalibrationSources sources =
        CalibrationSources.of(List.of("right", "", "left", "right", "x".repeat(257)));
    Calibration calibration =
        new Calibration(
            8,
            "float32",
            new CalibrationScores(new float[] {5, 3, 4, 1, 2}, new float[0], new float[0], sources),
            List.of(),
            LossProfile.UNMEASURED,
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    assertThat(calibration.sources().names()).containsExactly("left", "right");
    assertThat(calibration.sources().images("right")).containsExactly(0, 4);
    assertThat(calibration.sources().images("left")).containsExactly(3);
    assertThat(calibration.sources().images("x".repeat(257))).isEmpty();
    assertThat(calibration.only(new int[] {3, 4}).bitsPerDim()).containsExactly(4, 5);
    assertThat(calibration.only(new int[] {3, 4}).sources().source(1)).contains("right");
    written.recalibrated(file, calibration);

    assertThat(Release.load(file).calibration()).contains(calibration);
    assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).contains("format\\\":7");
    assertRefusedAfter(
        manifest -> {}, tensors -> tensors.remove("calibration.sources"), "it lacks");
    written.recalibrated(file, calibration);
    assertRefusedAfter(
        manifest -> ((ArrayNode) manifest.at("/calibration/sources")).remove(1),
        tensors -> {},
        "source 1 of 1");
  }

  @Test
  void shouldComeBackWithTheLevelsThatShowLocalEvidence() throws IOException {
    LocalControl control =
        new LocalControl(List.of(0.5), List.of(0.25)).fromGamma(LocalControl.GREY_LEVEL);
    Calibration calibration =
        new Calibration(
            8,
            "float32",
            new CalibrationScores(
                new float[] {5, 3}, new float[0], new float[] {1, 2}, CalibrationSources.UNKNOWN),
            List.of(),
            LossProfile.UNMEASURED,
            Optional.empty(),
            Optional.empty(),
            Optional.of(new LocalNormal(control, List.of(1), 1, 1, List.of(0f), List.of(1f))));
    written.recalibrated(file, calibration);

    assertThat(Release.load(file).calibration()).contains(calibration);
    assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).contains("format\\\":8");
  }

  @Test
  void shouldHaveAFirstLookWhereEvidenceIsOfPicturesSeenByTiles() throws IOException {
    Release tiled =
        Release.write(
            file,
            CONFIGURATION,
            Preprocessing.tiled(CONFIGURATION.shape(), new Tiling(2, CONFIGURATION.height())),
            PARAMETERS,
            Optional.empty(),
            TinyModels.TRAINING,
            Optional.empty());

    assertThat(tiled.levelOffset())
        .isEqualTo(FirstLook.levelOffset(NoiseSchedule.of(CONFIGURATION, PARAMETERS)))
        .isNotEqualTo(Release.DEFAULT_LEVEL_OFFSET);
    assertThat(written.levelOffset()).isEqualTo(Release.DEFAULT_LEVEL_OFFSET);
    assertThat(Release.load(file).levelOffset()).isEqualTo(tiled.levelOffset());
  }

  /** Names come from outside: the sources with the most images are told apart. */
  @Test
  void shouldTellSoManySourcesApart() {
    List<String> each =
        IntStream.range(0, 100).mapToObj(i -> "camera " + i % 99).toList(); // one there twice

    CalibrationSources sources = CalibrationSources.of(each);

    assertThat(sources.names()).hasSize(CalibrationSources.MOST).contains("camera 0", "camera 63");
    assertThat(sources.images("camera 0")).containsExactly(0, 99);
    assertThat(sources.source(64)).isEmpty();
    assertThat(CalibrationSources.of(List.of("", ""))).isEqualTo(CalibrationSources.UNKNOWN);
  }

  private static List<List<Double>> identity(int size) {
    return IntStream.range(0, size)
        .mapToObj(i -> IntStream.range(0, size).mapToObj(j -> i == j ? 1.0 : 0.0).toList())
        .toList();
  }

  @Test
  void shouldLeaveNoTemporaryFileAndReplaceTheOldOne() throws IOException {
    Release.untrained(file, CONFIGURATION, 3);
    assertThat(Release.load(file).training().steps()).isZero();
    assertThat(files()).containsExactly(file);
  }

  @Test
  void shouldLeaveNoTemporaryFileWhereWritingFails() throws IOException {
    Path target = Files.createDirectories(folder.resolve("taken").resolve("m.safetensors"));
    Files.createFile(target.resolve("something"));
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> Release.untrained(target, CONFIGURATION, 3));
    try (Stream<Path> left = Files.list(target.getParent())) {
      assertThat(left).containsExactly(target);
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  @Test
  void shouldRefuseADamagedByteOfATensor() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    for (int at = 8 + headerLength(whole); at < whole.length; at += 13) {
      assertRefused(damaged(whole, at));
    }
  }

  /** A damaged header is refused, or the damage changes nothing that is read. */
  @Test
  void shouldRefuseADamagedHeaderOrReadWhatWasWritten() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    int harmless = 0;
    int end = 8 + headerLength(whole);
    for (int at = 0; at < end; at += 3) {
      try {
        assertSame(decode(damaged(whole, at)), written);
        harmless++;
      } catch (ReleaseException expected) {
        assertThat(expected).hasMessageContaining(file.toString());
      }
    }
    assertThat(harmless).isLessThan(20); // in the names "format" and of the hash, and its value
  }

  @Test
  void shouldRefuseEveryTruncation() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    int start = 8 + headerLength(whole);
    for (int length = 0; length < whole.length; length += length < start ? 7 : 499) {
      assertRefused(Arrays.copyOf(whole, length));
    }
    assertRefused(Arrays.copyOf(whole, whole.length - 1));
    assertRefused(Arrays.copyOf(whole, whole.length + 1));
    assertRefused(Arrays.copyOf(whole, whole.length + 4));
  }

  private void assertRefused(byte[] bytes) {
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> decode(bytes))
        .withMessageContaining(file.toString());
  }

  private Release decode(byte[] bytes) throws ReleaseException {
    return Release.decode(file, Safetensors.decode(file.toString(), bytes));
  }

  /** Another bit at every place. */
  private static byte[] damaged(byte[] whole, int at) {
    byte[] copy = whole.clone();
    copy[at] ^= (byte) (1 << at % 8);
    return copy;
  }

  private static int headerLength(byte[] bytes) {
    return (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  /** Headers that are JSON, and lie. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "null",
        "\"\"",
        "{\"__metadata__\":null}",
        "{\"__metadata__\":3}",
        "{\"__metadata__\":{\"surprisal.release\":null}}",
        "{\"__metadata__\":{\"surprisal.release\":\"null\"}}",
        "{\"__metadata__\":{\"surprisal.release\":\"{}\"}}",
        "{\"__metadata__\":{\"surprisal.release\":\"{\\\"format\\\":1}\"}}",
        "{\"__metadata__\":{\"surprisal.release\":{\"format\":1}}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3000000000],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2147483647],"
            + "\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":null,\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,1e300]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":8}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,5]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[5,8]}}",
        "{\"a\":3}",
        "{\"a\":null}"
      })
  void shouldRefuseAHeaderThatLies(String header) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    assertRefused(
        ByteBuffer.allocate(8 + text.length + 8)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(text.length)
            .put(text)
            .array());
  }

  @Test
  void shouldRefuseADeeplyNestedHeader() {
    byte[] text = "[".repeat(100_000).getBytes(StandardCharsets.UTF_8);
    assertRefused(
        ByteBuffer.allocate(8 + text.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(text.length)
            .put(text)
            .array());
  }

  /** A sparse file, of about as much memory as this JVM has in all. */
  @Test
  void shouldRefuseAVastForeignFileWithoutReadingIt() throws IOException {
    try (RandomAccessFile vast = new RandomAccessFile(file.toFile(), "rw")) {
      vast.setLength(0);
      vast.setLength(2_000_000_000);
    }
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> Release.load(file))
        .withMessageContaining("not a safetensors file");
    try (RandomAccessFile vast = new RandomAccessFile(file.toFile(), "rw")) {
      vast.setLength(3_000_000_000L);
    }
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> Release.load(file))
        .withMessageContaining("2 GiB");
  }

  @Test
  void shouldNameEveryTensorThatDoesNotFit() throws IOException {
    assertRefusedAfter(
        manifest -> {},
        tensors -> {
          tensors.put("network.first.bias", tensors.remove("network.last.conv.bias"));
          tensors.put("network.extra", new Safetensors.Tensor(List.of(), new float[1]));
        },
        "missing network.last.conv.bias",
        "network.first.bias has shape [1], must have [4]",
        "unknown network.extra");
  }

  @Test
  void shouldRefuseAConfigurationOfAnotherSizeWithoutAllocatingForIt() throws IOException {
    assertRefusedAfter(
        manifest -> ((ObjectNode) manifest.get("configuration")).put("embedding", 1024),
        tensors -> {},
        "must have [4096");
    writeRelease();
    assertRefusedAfter(
        manifest ->
            ((ObjectNode) manifest.get("configuration")).put("embedding", 4096).put("blocks", 256),
        tensors -> {},
        "embedding and blocks");
    writeRelease();
    assertRefusedAfter(
        manifest -> ((ObjectNode) manifest.get("configuration")).put("groups", 3),
        tensors -> {},
        "embedding is 4");
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void shouldRefuseNumbersThatAreNotFinite(float value) throws IOException {
    float[] parameters = PARAMETERS.clone();
    parameters[parameters.length / 2] = value;
    Release.write(file, CONFIGURATION, parameters, Optional.empty(), TinyModels.TRAINING);
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> Release.load(file))
        .withMessageContaining("must be finite");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Calibration(8, "float32", new float[] {1, value}, List.of()))
        .withMessageContaining("finite");
  }

  @Test
  void shouldRefuseAnotherFormat() throws IOException {
    assertRefusedAfter(
        manifest -> manifest.put("format", 9), tensors -> {}, "release format 9", "formats 1 to 8");
  }

  @Test
  void shouldRefusePartsThatContradictEachOther() throws IOException {
    assertRefusedAfter(
        manifest -> ((ObjectNode) manifest.get("preprocessing")).put("height", 9),
        tensors -> {},
        "prepares images as");
    writeRelease();
    assertRefusedAfter(
        manifest -> {}, tensors -> tensors.remove("calibration.bitsPerDim"), "calibration");
    writeRelease();
    assertRefusedAfter(
        manifest -> ((ObjectNode) manifest.get("calibration")).put("evaluations", 0),
        tensors -> {},
        "calibration: 0 evaluations");
    writeRelease();
    assertRefusedAfter(manifest -> manifest.put("levelOffset", 1), tensors -> {}, "lacks parts");
    writeRelease();
    assertRefusedAfter(manifest -> manifest.remove("training"), tensors -> {}, "lacks parts");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[null]",
        "[{}]",
        "[3]",
        "{}",
        "[{\"t\":1.5,\"gamma\":0,\"lossBitsPerDim\":1,\"variance\":1,\"evaluations\":2}]",
        "[{\"t\":0.5,\"gamma\":\"NaN\",\"lossBitsPerDim\":1,\"variance\":1,\"evaluations\":2}]",
        "[{\"t\":0.5,\"gamma\":0,\"lossBitsPerDim\":-1,\"variance\":1,\"evaluations\":2}]",
        "[{\"t\":0.5,\"gamma\":0,\"lossBitsPerDim\":1,\"variance\":1e999,\"evaluations\":2}]",
        "[{\"t\":0.5,\"gamma\":0,\"lossBitsPerDim\":1,\"variance\":1,\"evaluations\":1}]",
        "[{\"t\":0.5,\"gamma\":0,\"lossBitsPerDim\":1,\"variance\":1,\"evaluations\":2},"
            + "{\"t\":0.5,\"gamma\":0,\"lossBitsPerDim\":1,\"variance\":1,\"evaluations\":2}]",
      })
  void shouldRefuseAnImpossibleLossProfile(String points) throws IOException {
    JsonNode profile = new ObjectMapper().readTree(points);
    assertRefusedAfter(
        manifest -> ((ObjectNode) manifest.get("calibration")).set("lossProfile", profile),
        tensors -> {},
        "rofile"); // "loss profile", or the type's name
  }

  @Test
  void shouldReadACalibrationWithoutALossProfile() throws IOException {
    rewrite(
        manifest -> ((ObjectNode) manifest.get("calibration")).remove("lossProfile"),
        tensors -> {});
    Calibration read = Release.load(file).calibration().orElseThrow();
    assertThat(read.lossProfile()).isEqualTo(LossProfile.UNMEASURED);
    assertThat(read.corrections()).isEqualTo(CALIBRATION.corrections());
  }

  /** Files written before metadata had a hash of their own. */
  @Test
  void shouldReadAReleaseWithoutAHashOfItsMetadata() throws IOException {
    rewrite(manifest -> {}, tensors -> {});
    assertSame(Release.load(file), written);
  }

  @Test
  void shouldSayThatAForeignFileIsNoRelease() throws IOException {
    Safetensors.write(
        file,
        Map.of("surprisal.checkpoint", "{}"),
        Map.of("parameters", new Safetensors.Tensor(List.of(2), new float[2])));
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> Release.load(file))
        .withMessageContaining("no Surprisal release");
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> Release.load(folder.resolve("absent")));
    Files.write(file, "not a release at all".getBytes(StandardCharsets.UTF_8));
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> Release.load(file))
        .withMessageContaining("not a safetensors file");
  }

  private void assertRefusedAfter(
      Consumer<ObjectNode> manifestChange,
      Consumer<Map<String, Safetensors.Tensor>> tensorChange,
      String... said)
      throws IOException {
    rewrite(manifestChange, tensorChange);
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> Release.load(file))
        .satisfies(e -> assertThat(e.getMessage()).contains(said).contains(file.toString()));
  }

  /** Changes a release, its hashes with it: as another program would have written it. */
  private void rewrite(
      Consumer<ObjectNode> manifestChange, Consumer<Map<String, Safetensors.Tensor>> tensorChange)
      throws IOException {
    Safetensors content = Safetensors.read(file);
    ObjectMapper json = new ObjectMapper();
    ObjectNode manifest = (ObjectNode) json.readTree(content.metadata().get(MANIFEST));
    manifestChange.accept(manifest);
    Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>(content.tensors());
    tensorChange.accept(tensors);
    Map<String, String> metadata = new HashMap<>(content.metadata());
    metadata.put(MANIFEST, json.writeValueAsString(manifest));
    metadata.remove("surprisal.release.sha256");
    metadata.put("surprisal.tensors.sha256", Release.tensorHash(tensors));
    Safetensors.write(file, metadata, tensors);
  }

  @Test
  void shouldSplitAndJoinParametersByName() throws IOException {
    ParameterLayout layout = ParameterLayout.of(CONFIGURATION);
    float[] flat = new float[layout.size()];
    IntStream.range(0, flat.length).forEach(i -> flat[i] = i);
    Map<String, Safetensors.Tensor> tensors = NamedParameters.split(layout, flat);
    assertThat(tensors.get("schedule.w").values()).containsExactly(1);
    assertThat(NamedParameters.join("f", layout, tensors)).isEqualTo(flat);
  }
}
