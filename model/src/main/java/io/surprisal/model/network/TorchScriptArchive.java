package io.surprisal.model.network;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a TorchScript archive without Python: a stored zip with the code as text, a pickle that
 * names the class of the one object, no constants, and the format's version.
 */
final class TorchScriptArchive {
  private TorchScriptArchive() {}

  /**
   * The archive's bytes.
   *
   * @param className the class in {@code code} to instantiate; it has no attributes
   * @param code class definitions in TorchScript's serialised dialect
   */
  static byte[] write(String className, String code) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      // PROTO 2, GLOBAL class, EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, BUILD, STOP
      store(zip, "data.pkl", latin("\u0080\u0002c__torch__\n" + className + "\n)\u0081}b."));
      store(zip, "code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
      // PROTO 2, EMPTY_TUPLE, STOP
      store(zip, "constants.pkl", latin("\u0080\u0002)."));
      store(zip, "version", latin("3\n"));
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(content);
    ZipEntry entry = new ZipEntry("surprisal/" + name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    entry.setTime(0);
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
