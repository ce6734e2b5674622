package io.surprisal.model;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final String MODEL = "io.surprisal.model.";

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.surprisal.model");

  /** Which rooms each room knows. An arrow that is added here is a decision; say why. */
  private static final Map<String, Set<String>> KNOWN =
      Map.ofEntries(
          Map.entry("checks", Set.of()),
          Map.entry("runtime", Set.of()),
          Map.entry("images", Set.of("checks")),
          Map.entry("decoding", Set.of("images")),
          Map.entry("datasets", Set.of("checks", "decoding", "images")),
          Map.entry("camera", Set.of("datasets", "images")),
          Map.entry("network", Set.of("checks", "images", "runtime")),
          Map.entry("diffusion", Set.of("images", "network", "runtime")),
          Map.entry("release", Set.of("checks", "diffusion", "images", "network")),
          Map.entry("imports", Set.of("network", "release")),
          Map.entry(
              "scoring",
              Set.of("checks", "datasets", "diffusion", "images", "network", "release", "runtime")),
          Map.entry("batching", Set.of("images", "scoring")),
          Map.entry(
              "compression",
              Set.of("checks", "diffusion", "images", "network", "release", "runtime")),
          Map.entry("detection", Set.of("images", "release", "scoring")),
          Map.entry("evaluation", Set.of("detection", "images")),
          Map.entry(
              "variance",
              Set.of(
                  "datasets", "diffusion", "images", "network", "release", "runtime", "scoring")),
          Map.entry(
              "calibration",
              Set.of(
                  "datasets",
                  "detection",
                  "diffusion",
                  "images",
                  "network",
                  "release",
                  "runtime",
                  "scoring",
                  "variance")),
          Map.entry(
              "training",
              Set.of("checks", "datasets", "diffusion", "images", "network", "release", "runtime")),
          Map.entry(
              "fit",
              Set.of(
                  "calibration",
                  "datasets",
                  "diffusion",
                  "images",
                  "network",
                  "release",
                  "runtime",
                  "scoring",
                  "training")));

  @Test
  void shouldHaveNoCircleBetweenRooms() {
    slices().matching("io.surprisal.model.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void shouldKnowNoOtherRoomThanTheTableSays() {
    Map<String, Set<String>> arrows = new TreeMap<>();
    for (JavaClass from : CLASSES) {
      if (from.getSimpleName().equals("package-info")) {
        continue;
      }
      Set<String> known = arrows.computeIfAbsent(room(from), room -> new TreeSet<>());
      for (Dependency dependency : from.getDirectDependenciesFromSelf()) {
        JavaClass to = dependency.getTargetClass().getBaseComponentType();
        if (to.getPackageName().startsWith(MODEL) && !room(to).equals(room(from))) {
          known.add(room(to));
        }
      }
    }

    assertThat(arrows).containsExactlyInAnyOrderEntriesOf(KNOWN);
  }

  private static String room(JavaClass of) {
    return of.getPackageName().substring(MODEL.length());
  }

  @Test
  void shouldBeUsableWithoutKafkaAndAvro() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "org.apache.kafka..",
            "org.apache.avro..",
            "io.surprisal.schemas..",
            "io.surprisal.handover..",
            "io.surprisal.topology..",
            "io.surprisal.trainer..",
            "io.surprisal.service..")
        .check(CLASSES);
  }
}
