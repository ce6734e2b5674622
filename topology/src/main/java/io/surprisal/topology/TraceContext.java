package io.surprisal.topology;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * The trace that a record belongs to, as its sender says in the header {@code traceparent} (W3C
 * Trace Context, version 00). Anything else under that name is not carried on.
 *
 * @param parent as it was sent; empty: none was
 */
record TraceContext(Optional<byte[]> parent) {
  private static final String HEADER = "traceparent";
  private static final int LENGTH = 55;
  private static final Pattern FORM =
      Pattern.compile("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

  static TraceContext of(Headers headers) {
    Header header = headers.lastHeader(HEADER);
    return new TraceContext(
        Optional.ofNullable(header).map(Header::value).filter(TraceContext::isTrace));
  }

  private static boolean isTrace(byte[] value) {
    return value.length == LENGTH
        && FORM.matcher(new String(value, StandardCharsets.US_ASCII)).matches();
  }

  /** What goes with a result. */
  Headers headers() {
    Headers headers = new RecordHeaders();
    parent.ifPresent(value -> headers.add(HEADER, value));
    return headers;
  }
}
