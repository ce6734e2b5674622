package io.surprisal.model.decoding;

import javax.imageio.stream.ImageInputStreamImpl;

/** A file in memory as the JDK's readers take it: in place, where its own streams copy it twice. */
final class BytesInput extends ImageInputStreamImpl {
  private byte[] bytes;

  BytesInput(byte[] bytes) {
    this.bytes = bytes;
  }

  @Override
  public int read() {
    bitOffset = 0;
    return streamPos < bytes.length ? bytes[(int) streamPos++] & 0xff : -1;
  }

  @Override
  public int read(byte[] into, int offset, int length) {
    bitOffset = 0;
    int count = (int) Math.min(length, bytes.length - streamPos);
    if (count <= 0 && length > 0) {
      return -1;
    }
    System.arraycopy(bytes, (int) streamPos, into, offset, count);
    streamPos += count;
    return count;
  }

  /** Lets the file go; a reader that is kept holds on to its last input. */
  void forget() {
    bytes = new byte[0];
  }

  @Override
  public long length() {
    return bytes.length;
  }
}
