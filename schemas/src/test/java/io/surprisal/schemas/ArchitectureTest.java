package io.surprisal.schemas;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

  @Test
  void shouldKnowNoOtherRoom() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.surprisal.model..",
            "io.surprisal.handover..",
            "io.surprisal.topology..",
            "io.surprisal.trainer..",
            "io.surprisal.service..")
        .because("every room reads the contracts, so the contracts may know none of them")
        .check(
            new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.surprisal.schemas"));
  }
}
