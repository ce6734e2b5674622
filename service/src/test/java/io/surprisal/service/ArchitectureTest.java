package io.surprisal.service;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;

/** The arrows between the rooms, over all of them: none runs upward, and none in a circle. */
@AnalyzeClasses(packages = "io.surprisal", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  void shouldRunNoArrowUpward(JavaClasses classes) {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .withOptionalLayers(true)
        .layer("schemas")
        .definedBy("io.surprisal.schemas..")
        .layer("model")
        .definedBy("io.surprisal.model..")
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
        .whereLayer("model")
        .mayOnlyBeAccessedByLayers("topology", "trainer", "service")
        .whereLayer("schemas")
        .mayOnlyBeAccessedByLayers("topology", "trainer", "service")
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
    slices().matching("io.surprisal.model.(*)..").should().beFreeOfCycles().check(classes);
  }
}
