package io.surprisal.model.compression;

import io.surprisal.model.checks.Sha256;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.zip.CRC32;

/**
 * The bytes of an archive, all numbers big-endian:
 *
 * <pre>
 * magic (8), version (2), length of the header (2), header, CRC-32 of all before (4)
 * block: mark (8), number of its first picture (8), pictures (4), length (4), bytes, SHA-256 of
 *        all but the mark (32)
 * …
 * end:   mark (8), length of the header (2), header, pictures (8), length of a note (4), note, blocks
 *        (4), the position of each (8), CRC-32 of all but the mark (4), position of the end (8),
 *        magic of the end (8)
 * </pre>
 *
 * <p>The end repeats the header, so that one damaged place never takes all pictures; marks let
 * blocks be found where the end is missing.
 */
final class ArchiveFormat {
  static final int VERSION = 1;

  /** As PNG's: shows transfers as text, and cuts. */
  static final long MAGIC = 0x8953_5250_4c0d_0a1aL;

  static final long BLOCK = 0xb10c_7a31_5c4e_92d6L;
  static final long END = 0xe4d0_18f7_236b_ac59L;
  static final long LAST = 0x1a0a_0d4c_5052_5389L;

  static final int BLOCK_HEAD = Long.BYTES + Long.BYTES + 2 * Integer.BYTES;
  static final int HASH = 32;
  static final int TAIL = 2 * Long.BYTES;

  private ArchiveFormat() {}

  static byte[] start(byte[] header) {
    ByteBuffer out = ByteBuffer.allocate(Long.BYTES + 4 + header.length + Integer.BYTES);
    out.putLong(MAGIC).putShort((short) VERSION).putShort((short) header.length).put(header);
    return out.putInt(crc(out.array(), 0, out.position())).array();
  }

  static byte[] block(long first, int pictures, byte[] bytes) {
    ByteBuffer out = ByteBuffer.allocate(BLOCK_HEAD + bytes.length + HASH);
    out.putLong(BLOCK).putLong(first).putInt(pictures).putInt(bytes.length).put(bytes);
    MessageDigest digest = Sha256.digest();
    digest.update(out.array(), Long.BYTES, out.position() - Long.BYTES);
    return out.put(digest.digest()).array();
  }

  static byte[] end(byte[] header, long pictures, byte[] note, long[] positions, long position) {
    int length =
        Long.BYTES
            + Short.BYTES
            + header.length
            + Long.BYTES
            + Integer.BYTES
            + note.length
            + Integer.BYTES
            + positions.length * Long.BYTES
            + Integer.BYTES
            + TAIL;
    ByteBuffer out = ByteBuffer.allocate(length);
    out.putLong(END).putShort((short) header.length).put(header);
    out.putLong(pictures).putInt(note.length).put(note).putInt(positions.length);
    for (long block : positions) {
      out.putLong(block);
    }
    out.putInt(crc(out.array(), Long.BYTES, out.position() - Long.BYTES));
    return out.putLong(position).putLong(LAST).array();
  }

  static int crc(byte[] bytes, int from, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }
}
