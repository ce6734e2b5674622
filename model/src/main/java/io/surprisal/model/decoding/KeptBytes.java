package io.surprisal.model.decoding;

import java.io.ByteArrayOutputStream;

/** Parts of a file in their order, with markers between them; the file itself where all is kept. */
final class KeptBytes {
  private final byte[] file;
  private final ByteArrayOutputStream changed = new ByteArrayOutputStream(0);

  /** The part that is not yet written, which may go on. */
  private int from;

  private int to;

  KeptBytes(byte[] file) {
    this.file = file;
  }

  /** Goes on with a part of the file. */
  void keep(int first, int behind) {
    if (first != to) {
      write();
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
    write();
    from = to;
    changed.write(0xff);
    changed.write(code);
  }

  private void write() {
    changed.write(file, from, to - from);
  }

  byte[] bytes() {
    if (from == 0 && to == file.length) {
      return file;
    }
    write();
    from = to;
    return changed.toByteArray();
  }
}
