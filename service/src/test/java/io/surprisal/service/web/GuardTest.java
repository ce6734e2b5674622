package io.surprisal.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.Headers;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuardTest {
  private static final String TOKEN = "0123456789abcdef";
  private static final Guard GUARD = new Guard(TOKEN, 8090, Set.of("line.example"), false);

  private static Headers headers(String... pairs) {
    Headers headers = new Headers();
    for (int i = 0; i < pairs.length; i += 2) {
      headers.add(pairs[i], pairs[i + 1]);
    }
    return headers;
  }

  private static String cookie(Guard guard) {
    return guard.cookieForToken().replaceFirst(";.*", "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost:8090",
        "127.0.0.1:8090",
        "[::1]:8090",
        "192.168.1.7:8090",
        "line.example",
        "LINE.EXAMPLE:8090"
      })
  void shouldAnswerUnderAddressesLocalhostAndItsOwnNames(String host) {
    assertThat(GUARD.strangeHost(headers("Host", host))).isEmpty();
  }

  /** A name of somebody else's may resolve to this machine (DNS rebinding). */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "evil.example:8090",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "a b",
        "x:y:1",
        "127.0.0.1@evil.example"
      })
  void shouldNotAnswerUnderOtherNames(String host) {
    assertThat(GUARD.strangeHost(headers("Host", host))).isPresent();
  }

  @Test
  void shouldNotAnswerARequestWithoutHost() {
    assertThat(GUARD.strangeHost(headers())).isPresent();
  }

  @Test
  void shouldLetChangeWhoHasTheTokenOrItsCookie() {
    assertThat(GUARD.mayChange(headers())).isFalse();
    assertThat(GUARD.mayChange(headers("Authorization", "Bearer " + TOKEN))).isTrue();
    assertThat(GUARD.mayChange(headers("Authorization", "Bearer " + TOKEN + "0"))).isFalse();
    assertThat(GUARD.mayChange(headers("Cookie", "a=b; " + cookie(GUARD)))).isTrue();
    assertThat(GUARD.mayChange(headers("Cookie", "surprisal-8090=" + TOKEN))).isFalse();
  }

  @Test
  void shouldGiveACookieThatIsOfItsTokenAndPortAndDoesNotTellTheToken() {
    assertThat(GUARD.cookieForToken())
        .startsWith("surprisal-8090=")
        .contains("HttpOnly", "SameSite=Strict")
        .doesNotContain(TOKEN);
    Guard other = new Guard("another token, this", 8090, Set.of(), false);
    assertThat(other.mayChange(headers("Cookie", cookie(GUARD)))).isFalse();
    Guard restarted = new Guard(TOKEN, 8090, Set.of(), false);
    assertThat(restarted.mayChange(headers("Cookie", cookie(GUARD)))).isTrue();
  }

  @Test
  void shouldLetOnlyWhoHasTheTokenLookWhereOthersCanReachIt() {
    Guard open = new Guard(TOKEN, 8090, Set.of(), true);

    assertThat(GUARD.mayLook(headers())).isTrue();
    assertThat(open.mayLook(headers())).isFalse();
    assertThat(open.mayLook(headers("Cookie", cookie(open)))).isTrue();
  }

  @Test
  void shouldTakeChangesFromItsOwnPagesAndFromProgramsWithTheToken() {
    String host = "localhost:8090";
    assertThat(GUARD.strangeOrigin(headers("Host", host, "Origin", "http://localhost:8090")))
        .isEmpty();
    assertThat(GUARD.strangeOrigin(headers("Host", host, "Origin", "https://localhost:8090")))
        .as("behind a proxy with TLS")
        .isEmpty();
    assertThat(GUARD.strangeOrigin(headers("Host", host, "Authorization", "Bearer " + TOKEN)))
        .isEmpty();
    for (String origin : new String[] {"http://localhost:8091", "http://evil.example", "null"}) {
      assertThat(GUARD.strangeOrigin(headers("Host", host, "Origin", origin)))
          .as(origin)
          .isPresent();
    }
    assertThat(GUARD.strangeOrigin(headers("Host", host, "Cookie", cookie(GUARD))))
        .as("a cookie alone says nothing of the page")
        .isPresent();
  }

  @Test
  void shouldMakeTokensThatDiffer() {
    assertThat(Guard.newToken()).hasSize(32).isNotEqualTo(Guard.newToken());
  }
}
