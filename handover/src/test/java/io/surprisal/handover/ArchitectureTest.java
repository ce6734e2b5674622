package io.surprisal.handover;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.surprisal");

  @Test
  void shouldKnowOnlySchemasAndModel() {
    noClasses()
        .that()
        .resideInAPackage("io.surprisal.handover..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.surprisal.topology..", "io.surprisal.trainer..", "io.surprisal.service..")
        .check(CLASSES);
  }

  @Test
  void shouldNotBeKnownBySchemasAndModel() {
    noClasses()
        .that()
        .resideInAnyPackage("io.surprisal.schemas..", "io.surprisal.model..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.surprisal.handover..")
        .check(CLASSES);
  }

  @Test
  void shouldHaveNoCircle() {
    slices().matching("io.surprisal.(*)..").should().beFreeOfCycles().check(CLASSES);
  }
}
