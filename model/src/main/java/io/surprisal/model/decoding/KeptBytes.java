package io.surprisal.model.decoding;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Parts of a file in their order, with markers between them. They are copied once, when all are
 * known; where all of the file is kept, not at all.
 */
final class KeptBytes {
  private final byte[] file;
  private final List<ByteBuffer> parts = new ArrayList<>();

  /** The part that is not yet among them, which may go on. */
  private int from;

  private int to;

  KeptBytes(byte[] file) {
    this.file = file;
  }

  /** Goes on with a part of the file. */
  void keep(int first, int behind) {
    if (first != to) {
      endPart();
      from = first;
    }
    to = behind;
  }

  /** Goes on with a marker. */
  void marker(int code) {
    if (to + 2 <= file.length && file[to] == (byte) 0xff && file[to + 1] == (byte) code) {
      to += 2;
      return;
    }
    endPart();
    parts.add(ByteBuffer.wrap(new byte[] {(byte) 0xff, (byte) code}));
  }

  private void endPart() {
    if (to > from) {
      parts.add(ByteBuffer.wrap(file, from, to - from));
    }
    from = to;
  }

  /** All that is kept; the file itself where that is all of it. */
  byte[] bytes() {
    return from == 0 && to == file.length && parts.isEmpty()
        ? file
        : between(new byte[0], new byte[0]);
  }

  /** All that is kept, with something before and something behind it. */
  byte[] between(byte[] before, byte[] behind) {
    endPart();
    int size = parts.stream().mapToInt(ByteBuffer::remaining).sum();
    ByteBuffer all = ByteBuffer.allocate(before.length + size + behind.length).put(before);
    parts.forEach(part -> all.put(part.duplicate()));
    return all.put(behind).array();
  }
}
