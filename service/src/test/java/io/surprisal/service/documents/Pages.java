package io.surprisal.service.documents;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** All pages of a folder: README.md, CONTRIBUTING.md, and those of docs and docker. */
final class Pages {

  private final Path root;
  private final Map<Path, Page> pages = new HashMap<>();

  private Pages(Path root) {
    this.root = root;
  }

  static Pages read(Path folder) throws IOException {
    Pages read = new Pages(folder.toRealPath());
    for (String file : List.of("README.md", "CONTRIBUTING.md")) {
      read.add(read.root.resolve(file));
    }
    for (String tree : List.of("docs", "docker")) {
      if (Files.isDirectory(read.root.resolve(tree))) {
        try (Stream<Path> files = Files.walk(read.root.resolve(tree))) {
          for (Path file : files.filter(read::isOurs).toList()) {
            read.add(file);
          }
        }
      }
    }
    return read;
  }

  private boolean isOurs(Path file) {
    String name = "/" + root.relativize(file);
    return name.endsWith(".md") && !name.contains("/node_modules/") && !name.contains("/target/");
  }

  private void add(Path file) throws IOException {
    if (Files.exists(file)) {
      pages.put(file, Page.read(file));
    }
  }

  /** The pages in the order of their names. */
  List<Page> all() {
    return pages.values().stream().sorted((a, b) -> a.file().compareTo(b.file())).toList();
  }

  /** What is wrong with the links within the folder, one sentence each. */
  List<String> brokenLinks() {
    List<String> broken = new ArrayList<>();
    for (Page page : all()) {
      for (String link : page.links()) {
        fault(page, link)
            .ifPresent(
                fault -> broken.add(root.relativize(page.file()) + ": " + link + " " + fault));
      }
    }
    return broken;
  }

  private Optional<String> fault(Page page, String link) {
    URI target = URI.create(link);
    if (target.isAbsolute()) {
      return Optional.empty(); // the web's
    }
    Path file =
        target.getPath().isEmpty()
            ? page.file()
            : page.file().resolveSibling(target.getPath()).normalize();
    if (!file.startsWith(root)) {
      return Optional.of("leads out of the folder");
    }
    if (!Files.exists(file)) {
      return Optional.of("leads to no file");
    }
    if (target.getFragment() == null) {
      return Optional.empty();
    }
    Page led = pages.get(file);
    if (led == null) {
      return Optional.of("leads to an anchor, but to none of the pages");
    }
    return led.anchors().contains(target.getFragment())
        ? Optional.empty()
        : Optional.of("leads to no heading");
  }
}
