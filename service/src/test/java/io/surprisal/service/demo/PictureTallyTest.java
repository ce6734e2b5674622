package io.surprisal.service.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.service.cli.Json;
import io.surprisal.service.cli.Table;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PictureTallyTest {
  private static final String RELEASE = "a".repeat(64);

  private static DemoCamera.Shot shot(String id, String source, long round) {
    return new DemoCamera.Shot(id, source, Optional.empty(), false, round);
  }

  private static void score(PictureTally tally, DemoCamera.Shot shot, ScoreVerdict verdict) {
    tally.scored(Verdicts.score(shot, RELEASE, verdict), shot);
  }

  private static String table(DemoTally tally) {
    Table table = new Table("Summary", "");
    tally.addTo(table);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    table.print(new PrintStream(out, true, StandardCharsets.UTF_8));
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void shouldCountEachPictureOnceHoweverOftenItIsShown() throws IOException {
    PictureTally tally = new PictureTally(2, ShownPictures.Standing.NEVER_SEEN);
    for (int round = 0; round < 3; round++) {
      DemoCamera.Shot odd = shot("odd.png", "left", round);
      score(tally, odd, ScoreVerdict.ALERT);
      tally.alerted(Verdicts.alert(odd, RELEASE, Verdicts.box(1, 2, 3, 4)), odd);
      score(tally, shot("usual.png", "right", round), ScoreVerdict.NORMAL);
    }

    Map<String, Object> summary = new LinkedHashMap<>();
    tally.addTo(summary);
    JsonNode pictures = Json.MAPPER.readTree(Json.line(summary)).path("pictures");
    assertThat(pictures.path("pictures").asInt()).isEqualTo(2);
    assertThat(pictures.path("neverSeen").asBoolean()).isTrue();
    assertThat(pictures.path("rounds").asInt()).isEqualTo(3);
    assertThat(pictures.path("scored").asInt()).isEqualTo(2);
    assertThat(pictures.path("alerts").asInt()).isEqualTo(1);
    assertThat(pictures.path("alertsWithBoxes").asInt()).isEqualTo(1);
    assertThat(pictures.path("sources").path("left").path("alerts").asInt()).isEqualTo(1);
    assertThat(pictures.path("sources").path("right").path("alerts").asInt()).isZero();
    assertThat(table(tally))
        .contains("2, which the release has never seen", "1 of 2, 1 of them with boxes")
        .contains("2 scored, over and over, here counted once each")
        .doesNotContain("defect");
  }

  @Test
  void shouldNotClaimThatPicturesAreNewToAReleaseThatTheUserNamed() {
    PictureTally tally = new PictureTally(5, ShownPictures.Standing.UNKNOWN);
    score(tally, shot("a.png", "a", 0), ScoreVerdict.NORMAL);

    assertThat(table(tally))
        .contains("5, of which the release may have seen some in its training; 1 scored")
        .doesNotContain("never")
        .doesNotContain("over and over");
    DemoCamera.Shot shot = shot("a.png", "a", 0);
    assertThat(tally.remark(Verdicts.alert(shot, RELEASE), shot)).isEmpty();
  }
}
