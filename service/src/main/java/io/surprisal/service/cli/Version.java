package io.surprisal.service.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version of Surprisal, and what it was built with and runs on, in one line. */
public final class Version implements IVersionProvider {

  /** As {@code --version} prints it, and as releases record what trained them. */
  public static String text() {
    Properties build = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("build.properties")) {
      build.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException("the build's properties cannot be read", e);
    }
    return "surprisal %s (Kafka %s, DJL %s, PyTorch %s; Java %s on %s %s)"
        .formatted(
            build.getProperty("version"),
            build.getProperty("kafka"),
            build.getProperty("djl"),
            build.getProperty("pytorch"),
            System.getProperty("java.version"),
            System.getProperty("os.name"),
            System.getProperty("os.arch"));
  }

  @Override
  public String[] getVersion() {
    return new String[] {text()};
  }
}
