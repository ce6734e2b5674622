package io.surprisal.trainer.run;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Which source each image of a run comes from.
 *
 * @param names of the sources, in the order of the images; empty where it is not known of any
 */
record RunSources(List<String> names) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FILE = "sources.json";

  RunSources {
    names = List.copyOf(names);
  }

  /** Of the run in a directory; runs of earlier versions did not keep them. */
  static RunSources in(Path directory) throws IOException {
    Path file = directory.resolve(FILE);
    return Files.exists(file)
        ? new RunSources(JSON.readValue(file.toFile(), new TypeReference<List<String>>() {}))
        : new RunSources(List.of());
  }

  void write(Path directory) throws IOException {
    JSON.writeValue(directory.resolve(FILE).toFile(), names);
  }

  /** Of the image at a place; "" where it is not known. */
  String of(int image) {
    return names.isEmpty() ? "" : names.get(image);
  }

  /** Of some of the images, in the order given. */
  RunSources only(int[] which) {
    return names.isEmpty()
        ? this
        : new RunSources(Arrays.stream(which).mapToObj(names::get).toList());
  }
}
