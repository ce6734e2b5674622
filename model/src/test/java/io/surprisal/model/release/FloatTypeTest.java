package io.surprisal.model.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Bit patterns by IEEE 754; bfloat16 is the upper half of a float32. */
class FloatTypeTest {

  @TempDir private Path folder;

  static Stream<Arguments> patterns() {
    return Stream.of(
        Arguments.of("F64", Double.doubleToLongBits(-13.3), 8, -13.3f),
        Arguments.of("F64", Double.doubleToLongBits(1e300), 8, Float.POSITIVE_INFINITY),
        Arguments.of("F32", (long) Float.floatToIntBits(0.1f), 4, 0.1f),
        Arguments.of("F16", 0x3c00L, 2, 1f),
        Arguments.of("F16", 0xc000L, 2, -2f),
        Arguments.of("F16", 0x7bffL, 2, 65504f),
        Arguments.of("F16", 0x0400L, 2, 0x1p-14f),
        Arguments.of("F16", 0x0001L, 2, 0x1p-24f),
        Arguments.of("F16", 0x8000L, 2, -0f),
        Arguments.of("F16", 0x3555L, 2, 0.33325195f),
        Arguments.of("F16", 0xfc00L, 2, Float.NEGATIVE_INFINITY),
        Arguments.of("F16", 0x7e00L, 2, Float.NaN),
        Arguments.of("BF16", 0x3f80L, 2, 1f),
        Arguments.of("BF16", 0xc155L, 2, -13.3125f),
        Arguments.of("BF16", 0x7fc0L, 2, Float.NaN));
  }

  @ParameterizedTest
  @MethodSource("patterns")
  void shouldConvertToFloat32(String type, long bits, int bytes, float expected)
      throws IOException {
    Safetensors read = Safetensors.readConverting(file(type, bits, bytes));

    assertThat(read.tensors().get("a").shape()).isEqualTo(List.of());
    assertThat(read.tensors().get("a").values()).containsExactly(expected);
  }

  @Test
  void shouldNotConvertWhatReleasesHold() throws IOException {
    Path half = file("F16", 0x3c00L, 2);
    assertThatThrownBy(() -> Safetensors.read(half))
        .isInstanceOf(ReleaseException.class)
        .hasMessageContaining("tensor a is of type F16; only F32 is read");
    Path integer = file("I64", 1, 8);
    assertThatThrownBy(() -> Safetensors.readConverting(integer))
        .isInstanceOf(ReleaseException.class)
        .hasMessageContaining("tensor a is of type I64; only F64, F32, F16, BF16 is read");
  }

  private Path file(String type, long bits, int bytes) throws IOException {
    byte[] header =
        "{\"a\":{\"dtype\":\"%s\",\"shape\":[],\"data_offsets\":[0,%d]}}"
            .formatted(type, bytes)
            .getBytes(StandardCharsets.UTF_8);
    ByteBuffer buffer = ByteBuffer.allocate(8 + header.length + 8).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(header.length).put(header).putLong(bits);
    byte[] whole = new byte[8 + header.length + bytes];
    buffer.rewind().get(whole);
    return Files.write(folder.resolve("file.safetensors"), whole);
  }
}
