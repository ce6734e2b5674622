package io.surprisal.service.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FitCommandTest {

  /** A tenth; where that is too little to learn what is typical from, 640, of up to a quarter. */
  @ParameterizedTest
  @CsvSource({
    "60000, 6000",
    "6400, 640",
    "6000, 640",
    "3000, 640",
    "2560, 640",
    "2559, 256",
    "30, 3",
  })
  void shouldHoldOutEnoughToLearnWhatIsTypical(int images, int heldOut) {
    assertThat(Math.round(FitCommand.usualShare(images) * images)).isEqualTo(heldOut);
  }
}
