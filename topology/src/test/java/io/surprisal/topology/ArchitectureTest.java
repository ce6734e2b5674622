package io.surprisal.topology;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass.Predicates;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArchitectureTest {
  private static final String MODULE = "io.surprisal.topology";

  /** Which rooms a room may know. */
  private static final Map<String, List<String>> ARROWS =
      Map.of(
          "topics", List.of(),
          "sources", List.of(),
          "incidents", List.of(),
          "serving", List.of("sources"),
          "kafka", List.of("topics"),
          "records", List.of("serving"),
          "statistics", List.of("serving"),
          "pending", List.of("kafka", "records", "serving", "sources"));

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.surprisal");

  @Test
  void shouldKnowOnlyTheModulesBelow() {
    noClasses()
        .that()
        .resideInAPackage(MODULE + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.surprisal.trainer..", "io.surprisal.service..")
        .check(CLASSES);
  }

  @Test
  void shouldHaveNoCircleBetweenModulesOrRooms() {
    slices().matching("io.surprisal.(*)..").should().beFreeOfCycles().check(CLASSES);
    slices().matching(MODULE + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "topics",
        "sources",
        "incidents",
        "serving",
        "kafka",
        "records",
        "statistics",
        "pending"
      })
  void shouldKnowNoOtherRoomThanItMay(String room) {
    List<String> known = new ArrayList<>(List.of(MODULE + "." + room));
    ARROWS.get(room).forEach(other -> known.add(MODULE + "." + other));
    classes()
        .that()
        .resideInAPackage(MODULE + "." + room)
        .should()
        .onlyDependOnClassesThat(
            Predicates.resideInAnyPackage(known.toArray(String[]::new))
                .or(Predicates.resideOutsideOfPackage(MODULE + "..")))
        .check(CLASSES);
  }

  @Test
  void shouldHaveNoRoomWithoutItsArrows() {
    classes()
        .that()
        .resideInAPackage(MODULE + "..")
        .should()
        .resideInAnyPackage(
            ARROWS.keySet().stream().map(room -> MODULE + "." + room).toArray(String[]::new))
        .orShould()
        .resideInAPackage(MODULE)
        .check(CLASSES);
  }

  @Test
  void shouldNotBeKnownByTheModulesBelow() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.surprisal.schemas..", "io.surprisal.model..", "io.surprisal.handover..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(MODULE + "..")
        .check(CLASSES);
  }
}
