package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Who may do what. Whoever has the token may change something, and, where the page can be reached
 * from other machines, look. A browser gets a cookie for the token, which scripts cannot read and
 * other sites cannot use; programs send the token itself as {@code Authorization: Bearer}.
 *
 * <p>A request must name this server as its {@code Host}: a name of somebody else's that resolves
 * to this machine (DNS rebinding) is turned away. What changes something must come from a page of
 * this server, as {@code Origin} says.
 */
final class Guard {
  /** Least length of a token that a user chooses. */
  static final int SHORTEST_TOKEN = 16;

  private static final int TOKEN_BYTES = 16;
  private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|\\[[0-9a-f:.]+\\]");
  private static final Pattern HOST =
      Pattern.compile("([a-z0-9._-]+|\\[[0-9a-f:.]+\\])(?::\\d{1,5})?");

  private final String token;
  private final String session;
  private final String cookie;
  private final Set<String> names;
  private final boolean lookingNeedsToken;

  /**
   * @param port tells the cookies of several servers of one machine apart
   * @param names under which this server is reached, beside {@code localhost} and addresses
   * @param lookingNeedsToken whether nobody without the token may look
   */
  Guard(String token, int port, Set<String> names, boolean lookingNeedsToken) {
    this.token = token;
    this.session = session(token);
    this.cookie = "surprisal-" + port;
    this.names = Set.copyOf(names);
    this.lookingNeedsToken = lookingNeedsToken;
  }

  /** A token that nobody guesses. */
  static String newToken() {
    byte[] random = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  /** What a cookie holds: who reads it does not have the token. */
  private static String session(String token) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(token.getBytes(UTF_8), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal("surprisal dashboard".getBytes(UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java lacks HmacSHA256", e);
    }
  }

  /** Why a request is for another server; empty: it is for this one. */
  Optional<String> strangeHost(Headers request) {
    String host = Optional.ofNullable(request.getFirst("Host")).orElse("").toLowerCase(Locale.ROOT);
    var matcher = HOST.matcher(host);
    if (matcher.matches()) {
      String name = matcher.group(1);
      if (name.equals("localhost") || ADDRESS.matcher(name).matches() || names.contains(name)) {
        return Optional.empty();
      }
    }
    return Optional.of(
        "this dashboard is not known under that name; open it by address or as localhost, or start it with --name NAME");
  }

  boolean mayLook(Headers request) {
    return !lookingNeedsToken || mayChange(request);
  }

  boolean mayChange(Headers request) {
    return bearsToken(request) || hasCookie(request);
  }

  boolean isToken(String claimed) {
    return equal(claimed, token);
  }

  /**
   * Why a request that is to change something does not come from a page of this server; empty: it
   * does, or it comes from a program that has the token.
   */
  Optional<String> strangeOrigin(Headers request) {
    String origin = request.getFirst("Origin");
    String host = Optional.ofNullable(request.getFirst("Host")).orElse("");
    boolean own =
        origin == null
            ? bearsToken(request)
            : origin.equalsIgnoreCase("http://" + host)
                || origin.equalsIgnoreCase("https://" + host);
    return own
        ? Optional.empty()
        : Optional.of(
            "changes are taken from this dashboard's own pages, or from programs with 'Authorization: Bearer TOKEN'");
  }

  /** The value of {@code Set-Cookie} for whoever has shown the token. */
  String cookieForToken() {
    return cookie + "=" + session + "; HttpOnly; SameSite=Strict; Path=/";
  }

  private boolean bearsToken(Headers request) {
    String authorization = request.getFirst("Authorization");
    return authorization != null
        && authorization.startsWith("Bearer ")
        && isToken(authorization.substring("Bearer ".length()).strip());
  }

  private boolean hasCookie(Headers request) {
    return Optional.ofNullable(request.get("Cookie")).stream()
        .flatMap(List::stream)
        .flatMap(line -> List.of(line.split(";", -1)).stream())
        .map(String::strip)
        .anyMatch(
            pair ->
                pair.startsWith(cookie + "=")
                    && equal(pair.substring(cookie.length() + 1), session));
  }

  private static boolean equal(String one, String other) {
    return MessageDigest.isEqual(one.getBytes(UTF_8), other.getBytes(UTF_8));
  }
}
