package io.surprisal.model.decoding;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Kinds of files that are refused, so that the refusal can name them. */
final class ForeignFormat {
  private static final int LOOKED_AT = 512;
  private static final int TEXT = 64;
  private static final int DICOM_PREAMBLE = 128;

  /** A kind by how its files begin; bytes as characters of ISO 8859-1. */
  private record Kind(String name, boolean image, Pattern start) {

    static Kind image(String name, String start) {
      return new Kind(name, true, Pattern.compile(start, Pattern.DOTALL));
    }

    static Kind other(String name, String start) {
      return new Kind(name, false, Pattern.compile(start, Pattern.DOTALL));
    }
  }

  private static final List<Kind> BINARY =
      List.of(
          Kind.image("WebP", "RIFF....WEBP"),
          Kind.other("an AVI film", "RIFF....AVI "),
          Kind.image("GIF", "GIF8[79]a"),
          Kind.image("AVIF", "....ftypavi[fs]"),
          Kind.image("HEIC", "....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)"),
          Kind.other("a film (MP4 or QuickTime)", "....ftyp"),
          Kind.image("JPEG 2000", "(\0\0\0\u000cjP  \r\n\u0087\n|\u00ffO\u00ffQ)"),
          Kind.image("JPEG XL", "(\u00ff\n|\0\0\0\u000cJXL \r\n\u0087\n)"),
          Kind.image("BigTIFF", "(II\\+\0|MM\0\\+)"),
          Kind.image("FITS", "SIMPLE  ="),
          Kind.image("Photoshop (PSD)", "8BPS"),
          Kind.image("OpenEXR", "v/1\u0001"),
          Kind.image("QOI", "qoif"),
          Kind.image("MNG or JNG", "\u008a[MJ]NG\r\n\u001a\n|\u008bJNG\r\n\u001a\n"),
          Kind.image("a portable anymap (PNM)", "P[1-7][\\s#]"),
          Kind.image("an icon (ICO)", "\0\0\u0001\0.\0"),
          Kind.other("a multipart body", "--[!-~]{1,70}\r?\n(?i:content-)"),
          Kind.other("PDF", "%PDF-"),
          Kind.other("a gzip archive", "\u001f\u008b"),
          Kind.other("a zip archive", "PK\u0003\u0004"));

  private static final List<Kind> TEXTS =
      List.of(
          Kind.image("SVG", "\\s*(<\\?xml.*)?(<!--.*-->\\s*)?(<!DOCTYPE svg.*)?<svg\\b.*"),
          Kind.other("HTML", "(?i)\\s*<(!doctype html|html)"),
          Kind.other("XML", "\\s*<\\?xml"),
          Kind.other("a data URL in base64", "data:[a-z]+/[-+.a-z0-9]+;base64,"),
          Kind.other("base64 of a PNG", "iVBORw0KGgo"),
          Kind.other("base64 of a JPEG", "/9j/"),
          Kind.other("an HTTP header", "(?i)(HTTP/|content-(type|length|disposition):)"),
          Kind.other("JSON", "\\s*[\\[{]\\s*[\"\\[{\\]}0-9-]"));

  private ForeignFormat() {}

  /**
   * What a file is, if it is of a known kind that is not read.
   *
   * @return a sentence
   */
  static Optional<String> of(byte[] encoded) {
    String start = new String(encoded, 0, Math.min(LOOKED_AT, encoded.length), ISO_8859_1);
    if (start.startsWith("DICM", DICOM_PREAMBLE)) {
      return Optional.of(sentence("DICOM", true));
    }
    return Stream.concat(BINARY.stream(), isText(start) ? TEXTS.stream() : Stream.empty())
        .filter(kind -> kind.start.matcher(start).lookingAt())
        .findFirst()
        .map(kind -> sentence(kind.name, kind.image));
  }

  private static String sentence(String name, boolean image) {
    return String.format(
        Locale.ROOT,
        image
            ? "The file is %s, which is not read; convert it to PNG, JPEG, TIFF or BMP"
            : "This is %s and no image file; send the bytes of a PNG, JPEG, TIFF or BMP",
        name);
  }

  private static boolean isText(String start) {
    return !start.isEmpty()
        && start
            .chars()
            .limit(TEXT)
            .allMatch(c -> (c >= ' ' && c < 0x7f) || c == '\n' || c == '\r' || c == '\t');
  }
}
