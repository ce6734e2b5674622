package io.surprisal.service.web;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where to listen.
 *
 * @param host name or address
 * @param port 0: any free one
 */
record ListenAddress(String host, int port) {
  private static final Pattern FORM = Pattern.compile("(?:\\[?([^\\]]+?)\\]?:)?(\\d{1,5})");

  /**
   * Of {@code [HOST:]PORT}; without HOST this machine alone.
   *
   * @throws IllegalArgumentException if it has another form
   */
  static ListenAddress parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches() || Integer.parseInt(matcher.group(2)) > 65_535) {
      throw new IllegalArgumentException(
          "is '" + text + "', must be [HOST:]PORT, as 127.0.0.1:8090, or 0.0.0.0:8090 for all");
    }
    return new ListenAddress(
        Optional.ofNullable(matcher.group(1)).orElse("127.0.0.1"),
        Integer.parseInt(matcher.group(2)));
  }

  /**
   * The address.
   *
   * @throws UnknownHostException if the name is not known
   */
  InetSocketAddress resolved() throws UnknownHostException {
    return new InetSocketAddress(InetAddress.getByName(host), port);
  }
}
