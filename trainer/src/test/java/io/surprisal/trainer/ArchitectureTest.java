package io.surprisal.trainer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ArchitectureTest {
  private static final String ROOT = "io.surprisal.trainer";

  /** Which rooms a room may know; the root package may know all, and none may know it. */
  private static final Map<String, Set<String>> ARROWS =
      Map.of(
          "cluster", Set.of(),
          "reservoir", Set.of(),
          "drift", Set.of("cluster", "reservoir"),
          "release", Set.of("cluster"),
          "run", Set.of("cluster", "reservoir", "drift", "release"));

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.surprisal");

  @Test
  void shouldKnowOnlySchemasModelAndHandover() {
    noClasses()
        .that()
        .resideInAPackage("io.surprisal.trainer..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.surprisal.topology..", "io.surprisal.service..")
        .check(CLASSES);
  }

  @Test
  void shouldHaveNoCycleBetweenRooms() {
    slices().matching("io.surprisal.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void shouldNotBeKnownByTheRoomsBelow() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.surprisal.schemas..", "io.surprisal.model..", "io.surprisal.handover..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.surprisal.trainer..")
        .check(CLASSES);
  }

  @Test
  void shouldHaveNoCircleBetweenItsRooms() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  static Set<String> rooms() {
    return ARROWS.keySet();
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void shouldLetARoomKnowNoOthersThanItMay(String room) {
    String[] foreign =
        Stream.concat(
                Stream.of(ROOT),
                ARROWS.keySet().stream()
                    .filter(other -> !other.equals(room) && !ARROWS.get(room).contains(other))
                    .map(other -> ROOT + "." + other + ".."))
            .toArray(String[]::new);
    noClasses()
        .that()
        .resideInAPackage(ROOT + "." + room + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(foreign)
        .check(CLASSES);
  }

  /** A room that the table does not name could know anything. */
  @Test
  void shouldHaveTheRoomsThatTheTableNames() {
    Set<String> rooms =
        CLASSES.stream()
            .map(JavaClass::getPackageName)
            .filter(name -> name.startsWith(ROOT + "."))
            .map(name -> name.substring(ROOT.length() + 1))
            .collect(Collectors.toSet());
    assertThat(rooms).isEqualTo(ARROWS.keySet());
  }
}
