package io.surprisal.service.documents;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The rooms of the house, as the main sources have them: packages, what each imports, and the
 * classes of all sources.
 *
 * @param known the rooms that each room imports from, by names such as {@code model.images}; those
 *     of other modules by the module's name alone
 * @param classes simple names of the top-level classes, tests among them, and of the Avro types
 */
record Rooms(SortedMap<String, SortedSet<String>> known, SortedSet<String> classes) {

  static final List<String> MODULES =
      List.of("schemas", "model", "handover", "topology", "trainer", "service", "docker");

  private static final Pattern IMPORT =
      Pattern.compile("(?m)^import (?:static )?io\\.surprisal\\.([a-z.]+)\\.[A-Z]");

  static Rooms of(Path root) throws IOException {
    SortedMap<String, SortedSet<String>> known = new TreeMap<>();
    SortedSet<String> classes = new TreeSet<>();
    for (String module : MODULES) {
      Path main = root.resolve(module).resolve("src/main/java");
      for (Path file : files(root.resolve(module).resolve("src"))) {
        String name = file.getFileName().toString();
        if (name.endsWith(".avsc")) {
          classes.add(name.replace(".avsc", ""));
        } else if (name.endsWith(".java") && !name.equals("package-info.java")) {
          classes.add(name.replace(".java", ""));
          if (file.startsWith(main)) {
            String room = room(main.resolve("io/surprisal").relativize(file.getParent()));
            imports(
                room, Files.readString(file), known.computeIfAbsent(room, r -> new TreeSet<>()));
          }
        }
      }
    }
    return new Rooms(known, classes);
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  private static String room(Path folder) {
    return folder.toString().replace('/', '.').replace('\\', '.');
  }

  private static void imports(String room, String source, Set<String> known) {
    String module = module(room);
    IMPORT
        .matcher(source)
        .results()
        .map(found -> found.group(1))
        .map(other -> module(other).equals(module) ? other : module(other))
        .filter(other -> !other.equals(room))
        .forEach(known::add);
  }

  private static String module(String room) {
    return room.contains(".") ? room.substring(0, room.indexOf('.')) : room;
  }
}
