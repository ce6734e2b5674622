package io.surprisal.service.documents;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.service.system.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the texts say that can be looked up: links, commands with their options, rooms, classes. */
class DocumentsTest {

  private static final Path ROOT = Path.of("..");

  /** Kubernetes' namespaces and Docker's images are called so too. */
  private static final Pattern INVOCATION =
      Pattern.compile("(?<![-\\w.])(?<!-[nt] )surprisal ([a-z][a-z-]*)(?: ([a-z]+))?([^;|]*)");

  private static final Pattern LISTED = Pattern.compile("  ([a-z][a-z-]*)(?:  .*)?");
  private static final Pattern OPTION = Pattern.compile("(?<!\\S)--[a-z][a-z-]*");
  private static final Pattern ROW = Pattern.compile("\\| `([a-z.]+)` \\|.*\\|([^|]*)\\|");
  private static final Pattern ROOM = Pattern.compile("`([a-z.]+)`");
  private static final Pattern CLASS = Pattern.compile("(?<![\\w.@-])[A-Z]\\w*[a-z]\\w*");
  private static final Pattern STATION = Pattern.compile("[A-Z]\\w+ {2,}.*");

  private static Pages pages;

  @BeforeAll
  static void read() throws IOException {
    pages = Pages.read(ROOT);
  }

  @Test
  void shouldLeadSomewhereWithEveryLink() {
    assertThat(pages.all()).hasSizeGreaterThan(15);
    assertThat(pages.all().stream().mapToInt(page -> page.links().size()).sum()).isGreaterThan(80);
    assertThat(pages.brokenLinks()).isEmpty();
  }

  @Test
  void shouldHaveAFirstPageThatIsNoArchive() throws Exception {
    assertThat(Files.size(ROOT.resolve("README.md"))).isLessThanOrEqualTo(10_000);
  }

  @Test
  void shouldNameOnlyCommandsAndOptionsThatThereAre() {
    SortedSet<String> commands = listed(CommandRun.of("--help"));
    SortedSet<String> benchmarks = listed(CommandRun.of("bench", "--help"));
    assertThat(commands).contains("demo", "fit", "retrain", "bench");
    assertThat(benchmarks).contains("stream", "forward");

    Map<List<String>, String> helps = new HashMap<>();
    List<String> wrong = new ArrayList<>();
    int options = 0;
    for (Page page : pages.all()) {
      for (MatchResult said : invocations(page, commands)) {
        String what = page.file().getFileName() + ": " + said.group();
        if (!commands.contains(said.group(1))) {
          wrong.add(what + ": no command");
          continue;
        }
        List<String> command = List.of(said.group(1));
        if (said.group(1).equals("bench") && said.group(2) != null) {
          if (!benchmarks.contains(said.group(2))) {
            wrong.add(what + ": no measurement");
            continue;
          }
          command = List.of(said.group(1), said.group(2));
        }
        String help = helps.computeIfAbsent(command, DocumentsTest::help);
        for (String option : OPTION.matcher(said.group(3)).results().map(o -> o.group()).toList()) {
          options++;
          if (!Pattern.compile(option + "\\b(?!-)").matcher(help).find()) {
            wrong.add(what + ": no option " + option);
          }
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(options).isGreaterThan(100);
  }

  @Test
  void shouldSayWhatEveryCommandIsFor() throws Exception {
    Page using = Page.read(ROOT.resolve("docs/using.md"));
    SortedSet<String> commands = listed(CommandRun.of("--help"));
    commands.remove("bench"); // which stands with each of its measurements
    listed(CommandRun.of("bench", "--help")).forEach(name -> commands.add("bench " + name));

    assertThat(commands).filteredOn(name -> !using.spans().contains(name)).isEmpty();
  }

  /** Commands in code, after the name of the program or, within a line, without it. */
  private static List<MatchResult> invocations(Page page, SortedSet<String> commands) {
    Stream<String> spans =
        page.spans().stream()
            .map(
                span ->
                    commands.contains(span.replaceFirst(" .*", "")) ? "surprisal " + span : span);
    Stream<String> lines = page.code().stream().map(line -> line.replaceFirst("(^|\\s)#.*", ""));
    return Stream.concat(lines, spans).flatMap(line -> INVOCATION.matcher(line).results()).toList();
  }

  private static SortedSet<String> listed(CommandRun help) {
    SortedSet<String> names = new TreeSet<>();
    help.outLines().stream()
        .dropWhile(line -> !line.equals("Commands:"))
        .map(LISTED::matcher)
        .filter(Matcher::matches)
        .forEach(line -> names.add(line.group(1)));
    return names;
  }

  private static String help(List<String> command) {
    List<String> line = new ArrayList<>(command);
    line.add("--help");
    String help = CommandRun.of(line.toArray(String[]::new)).out();
    return help + help.replace("--[no-]", "--no-");
  }

  @Test
  void shouldHaveEveryRoomInTheArchitectureWithTheRoomsThatItKnows() throws Exception {
    Map<String, SortedSet<String>> said = new TreeMap<>();
    for (String line : Files.readAllLines(ROOT.resolve("docs/architecture.md"))) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        SortedSet<String> known = new TreeSet<>();
        ROOM.matcher(row.group(2)).results().forEach(room -> known.add(room.group(1)));
        said.put(row.group(1), known);
      }
    }

    assertThat(said).isEqualTo(Rooms.of(ROOT).known());
  }

  @Test
  void shouldNameOnlyClassesThatThereAreInTheArchitecture() throws Exception {
    SortedSet<String> classes = Rooms.of(ROOT).classes();
    Page architecture = Page.read(ROOT.resolve("docs/architecture.md"));
    List<String> named =
        Stream.concat(
                architecture.spans().stream().filter(span -> !span.contains("/")),
                architecture.code().stream().filter(line -> STATION.matcher(line).matches()))
            .flatMap(code -> CLASS.matcher(code).results())
            .map(name -> name.group())
            .distinct()
            .toList();

    assertThat(named).hasSizeGreaterThan(40);
    assertThat(named).filteredOn(name -> !classes.contains(name)).isEmpty();
  }
}
