package io.surprisal.service.documents;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The rooms of the house, as the main sources have them: packages, what each knows, and the classes
 * of all sources.
 *
 * @param known the rooms whose classes those of each room use, by names such as {@code
 *     model.images}; those of other modules by the module's name alone
 * @param classes simple names of the top-level classes, tests among them, and of the Avro types
 */
record Rooms(SortedMap<String, SortedSet<String>> known, SortedSet<String> classes) {

  static final List<String> MODULES =
      List.of("schemas", "model", "handover", "topology", "trainer", "service", "docker");

  private static final String HOUSE = "io.surprisal.";
  private static final Pattern IMPORT =
      Pattern.compile("(?m)^import (?:static )?io\\.surprisal\\.([a-z.]+)\\.[A-Z]");

  static Rooms of(Path root) throws IOException {
    SortedMap<String, SortedSet<String>> known = arrows();
    SortedSet<String> classes = new TreeSet<>();
    for (String module : MODULES) {
      Path main = root.resolve(module).resolve("src/main/java/io/surprisal");
      for (Path file : files(root.resolve(module).resolve("src"))) {
        String name = file.getFileName().toString();
        if (name.endsWith(".avsc")) {
          classes.add(name.replace(".avsc", ""));
        } else if (name.endsWith(".java") && !name.equals("package-info.java")) {
          classes.add(name.replace(".java", ""));
          if (file.startsWith(main)) {
            String room = main.relativize(file.getParent()).toString().replaceAll("[/\\\\]", ".");
            addImports(room, Files.readString(file), known);
          }
        }
      }
    }
    return new Rooms(known, classes);
  }

  private static SortedMap<String, SortedSet<String>> arrows() {
    SortedMap<String, SortedSet<String>> known = new TreeMap<>();
    for (JavaClass from :
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.surprisal")) {
      if (from.getSimpleName().equals("package-info")) {
        continue;
      }
      String room = from.getPackageName().substring(HOUSE.length());
      Set<String> rooms = known.computeIfAbsent(room, r -> new TreeSet<>());
      from.getDirectDependenciesFromSelf().stream()
          .map(dependency -> dependency.getTargetClass().getBaseComponentType().getPackageName())
          .filter(name -> name.startsWith(HOUSE))
          .map(name -> name.substring(HOUSE.length()))
          .forEach(other -> add(room, other, rooms));
    }
    return known;
  }

  /** Of a constant the compiler leaves no trace but the import. */
  private static void addImports(String room, String source, Map<String, SortedSet<String>> known) {
    Set<String> rooms = known.computeIfAbsent(room, r -> new TreeSet<>());
    IMPORT.matcher(source).results().forEach(found -> add(room, found.group(1), rooms));
  }

  private static void add(String room, String other, Set<String> rooms) {
    String name = module(other).equals(module(room)) ? other : module(other);
    if (!name.equals(room) && !name.equals(module(room))) {
      rooms.add(name);
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  private static String module(String room) {
    return room.contains(".") ? room.substring(0, room.indexOf('.')) : room;
  }
}
