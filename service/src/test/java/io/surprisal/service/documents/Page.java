package io.surprisal.service.documents;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A page of the texts, in the part of Markdown that they use.
 *
 * @param file that holds it
 * @param anchors of its headings, as GitHub names them
 * @param links targets of its links and images, in their order, those of code blocks left out
 * @param spans of inline code, without the backticks
 * @param code lines of its code blocks; one that ends in a backslash has the next ones appended
 */
record Page(
    Path file, Set<String> anchors, List<String> links, List<String> spans, List<String> code) {

  private static final Pattern HEADING = Pattern.compile("#{1,6} +(.+)");
  private static final Pattern SPAN = Pattern.compile("`([^`]+)`");
  private static final Pattern LINK = Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
  private static final Pattern ATTRIBUTE = Pattern.compile("(?:src|href)=\"([^\"]+)\"");

  static Page read(Path file) throws IOException {
    Set<String> anchors = new LinkedHashSet<>();
    List<String> code = new ArrayList<>();
    StringBuilder prose = new StringBuilder();
    boolean fenced = false;
    boolean continued = false;
    for (String line : Files.readAllLines(file)) {
      var heading = HEADING.matcher(line);
      if (line.strip().startsWith("```")) {
        fenced = !fenced;
        continued = false;
      } else if (fenced) {
        String text = line.strip();
        boolean goesOn = text.endsWith("\\");
        String words = goesOn ? text.substring(0, text.length() - 1) : text;
        if (continued) {
          code.set(code.size() - 1, code.get(code.size() - 1) + words);
        } else {
          code.add(words);
        }
        continued = goesOn;
      } else if (heading.matches()) {
        anchors.add(unused(anchors, anchor(heading.group(1))));
      } else {
        prose.append(line).append('\n');
      }
    }
    List<String> spans = found(SPAN, prose).map(span -> span.replaceAll("\\s+", " ")).toList();
    String plain = SPAN.matcher(prose).replaceAll("");
    List<String> links =
        Stream.concat(found(LINK, plain), found(ATTRIBUTE, plain)).distinct().toList();
    return new Page(file, anchors, links, spans, code);
  }

  private static Stream<String> found(Pattern pattern, CharSequence text) {
    return pattern.matcher(text).results().map((MatchResult match) -> match.group(1));
  }

  /** Lower case; letters, digits, hyphens and underscores stay, spaces become hyphens. */
  private static String anchor(String heading) {
    return LINK.matcher(heading)
        .replaceAll("")
        .strip()
        .toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N} _-]", "")
        .replace(' ', '-');
  }

  private static String unused(Set<String> anchors, String anchor) {
    String name = anchor;
    for (int i = 1; anchors.contains(name); i++) {
      name = anchor + "-" + i;
    }
    return name;
  }
}
