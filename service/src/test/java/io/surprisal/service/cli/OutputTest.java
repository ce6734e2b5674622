package io.surprisal.service.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class OutputTest {

  record Numbers(double a, Float b, double[] c, float[] d, OptionalDouble e, Optional<String> f) {}

  @Test
  void shouldWriteNullForWhatJsonLacks() {
    Numbers numbers =
        new Numbers(
            Double.NaN,
            Float.POSITIVE_INFINITY,
            new double[] {1.5, Double.NaN},
            new float[] {Float.NaN, 2},
            OptionalDouble.empty(),
            Optional.of("x"));

    assertThat(Json.line(numbers))
        .isEqualTo(
            "{\"a\":null,\"b\":null,\"c\":[1.5,null],\"d\":[null,2.0],\"e\":null,\"f\":\"x\"}");
  }

  @Test
  void shouldAlignTextToTheLeftAndNumbersToTheRight() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();

    new Table("name", "count", "bits/dim")
        .row("a", 5, 1.23456)
        .row("longer", 1000, 12.0)
        .print(new PrintStream(out, true, UTF_8));

    assertThat(out.toString(UTF_8).lines())
        .containsExactly(
            "name    count  bits/dim", "a           5    1.2346", "longer   1000   12.0000");
  }
}
