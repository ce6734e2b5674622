package io.surprisal.service;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** The arrows between the modules and their rooms: none runs upward, and none in a circle. */
@AnalyzeClasses(packages = "io.surprisal", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOT = "io.surprisal.service";

  /** Which wings each wing may know; the main class, which no wing knows, may know all. */
  private static final Map<String, Set<String>> WINGS =
      Map.ofEntries(
          Map.entry("cli", Set.of()),
          Map.entry("metrics", Set.of()),
          Map.entry("options", Set.of("cli")),
          Map.entry("run", Set.of("cli", "options", "metrics")),
          Map.entry("topics", Set.of("cli", "options")),
          Map.entry("steer", Set.of("cli", "options")),
          Map.entry("fits", Set.of("cli", "options")),
          Map.entry("lab", Set.of("cli", "options", "fits")),
          Map.entry("web", Set.of("cli", "options", "metrics", "steer")),
          Map.entry("demo", Set.of("cli", "options", "run", "fits", "web")),
          Map.entry("bench", Set.of("cli", "options", "run")));

  @ArchTest
  void shouldRunNoArrowUpward(JavaClasses classes) {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .withOptionalLayers(true)
        .layer("schemas")
        .definedBy("io.surprisal.schemas..")
        .layer("model")
        .definedBy("io.surprisal.model..")
        .layer("handover")
        .definedBy("io.surprisal.handover..")
        .layer("topology")
        .definedBy("io.surprisal.topology..")
        .layer("trainer")
        .definedBy("io.surprisal.trainer..")
        .layer("service")
        .definedBy("io.surprisal.service..")
        .whereLayer("service")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("trainer")
        .mayOnlyBeAccessedByLayers("service")
        .whereLayer("topology")
        .mayOnlyBeAccessedByLayers("service")
        .whereLayer("handover")
        .mayOnlyBeAccessedByLayers("topology", "trainer", "service")
        .whereLayer("model")
        .mayOnlyBeAccessedByLayers("handover", "topology", "trainer", "service")
        .whereLayer("schemas")
        .mayOnlyBeAccessedByLayers("handover", "topology", "trainer", "service")
        .check(classes);
  }

  @ArchTest
  void shouldKeepTheModelUsableWithoutKafka(JavaClasses classes) {
    noClasses()
        .that()
        .resideInAPackage("io.surprisal.model..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.apache.kafka..", "org.apache.avro..")
        .check(classes);
  }

  @ArchTest
  void shouldHaveNoCycles(JavaClasses classes) {
    slices().matching("io.surprisal.(*)..").should().beFreeOfCycles().check(classes);
    slices().matching("io.surprisal.(*).(*)..").should().beFreeOfCycles().check(classes);
  }

  @ArchTest
  void shouldLetNobodyKnowTheMainClass(JavaClasses classes) {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT)
        .check(classes);
  }

  @ArchTest
  void shouldLetAWingKnowNoOthersThanItMay(JavaClasses classes) {
    WINGS.forEach(
        (wing, known) ->
            noClasses()
                .that()
                .resideInAPackage(ROOT + "." + wing + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                    WINGS.keySet().stream()
                        .filter(other -> !other.equals(wing) && !known.contains(other))
                        .map(other -> ROOT + "." + other + "..")
                        .toArray(String[]::new))
                .check(classes));
  }

  @ArchTest
  void shouldHaveEveryWingInTheTable(JavaClasses classes) {
    Set<String> wings =
        classes.stream()
            .map(JavaClass::getPackageName)
            .filter(name -> name.startsWith(ROOT + "."))
            .map(name -> name.substring(ROOT.length() + 1))
            .collect(Collectors.toSet());

    assertThat(wings).isEqualTo(WINGS.keySet());
  }

  @ArchTest
  void shouldKnowCommandsByTheirWingsRegistryAlone(JavaClasses classes) {
    classes()
        .that()
        .areAnnotatedWith(Command.class)
        .and()
        .resideOutsideOfPackage(ROOT)
        .should()
        .bePackagePrivate()
        .check(classes);
  }
}
