package io.surprisal.service.web;

import io.surprisal.model.checks.Sha256;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;

/** The files of the page, by name; there are no others. */
final class StaticFiles {
  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "svg", "image/svg+xml");

  private static final String[] NAMES = {
    "index.html",
    "icon.svg",
    "style.css",
    "main.js",
    "server.js",
    "elements.js",
    "format.js",
    "dialog.js",
    "steering.js",
    "chart.js",
    "evidence.js",
    "now.js",
    "alerts.js",
    "rows.js",
    "detail.js",
    "reviews.js",
    "source.js",
    "releases.js",
    "release.js",
    "training.js",
    "uplot/uPlot.esm.js",
    "uplot/uPlot.min.css"
  };

  /**
   * A file.
   *
   * @param tag changes with the content
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record StaticFile(String type, byte[] plain, byte[] zipped, String tag) {}

  private final Map<String, StaticFile> files = new HashMap<>();

  StaticFiles() {
    for (String name : NAMES) {
      files.put("/" + name, read(name));
    }
  }

  /** A file by its path, such as {@code /main.js}. */
  Optional<StaticFile> find(String path) {
    return Optional.ofNullable(files.get(path));
  }

  /** Bytes of all files, compressed. */
  int weight() {
    return files.values().stream().mapToInt(file -> file.zipped().length).sum();
  }

  private static StaticFile read(String name) {
    try (InputStream in = StaticFiles.class.getResourceAsStream("page/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the build lacks the page's file " + name);
      }
      byte[] plain = in.readAllBytes();
      return new StaticFile(
          Optional.ofNullable(TYPES.get(name.substring(name.lastIndexOf('.') + 1))).orElseThrow(),
          plain,
          zipped(plain),
          "\"" + Sha256.hex(plain).substring(0, 16) + "\"");
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the page's file " + name, e);
    }
  }

  /** The bytes, compressed. */
  static byte[] zipped(byte[] plain) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(plain.length / 2);
    try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
      zip.write(plain);
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return out.toByteArray();
  }
}
