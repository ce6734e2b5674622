package io.surprisal.service.lab;

import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Images with a name, as {@code NAME=FILE} on the command line.
 *
 * @param name what the results call them
 * @param path a file or a folder
 */
record NamedPath(String name, Path path) {

  /** Reads one. */
  static final class Converter implements ITypeConverter<NamedPath> {
    @Override
    public NamedPath convert(String value) {
      int split = value.indexOf('=');
      if (split < 1 || split == value.length() - 1) {
        throw new TypeConversionException(
            "'" + value + "' lacks a name: write NAME=FILE, such as scratches=" + value);
      }
      return new NamedPath(value.substring(0, split), Path.of(value.substring(split + 1)));
    }
  }
}
