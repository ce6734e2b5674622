package io.surprisal.model.checks;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class RequireTest {

  @Test
  void shouldNameTheWholeTheValueAndWhatWouldDo() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Require.value(false, "fit configuration", "batch", 0, "at least 1"))
        .withMessage("fit configuration: batch is 0, must be at least 1");
    assertThatCode(() -> Require.value(true, "fit configuration", "batch", 1, "at least 1"))
        .doesNotThrowAnyException();
  }
}
