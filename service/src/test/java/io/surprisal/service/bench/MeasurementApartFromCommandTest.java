package io.surprisal.service.bench;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import java.io.PrintStream;

/** Commands plan and print; what measures knows neither options nor output. */
@AnalyzeClasses(
    packages = "io.surprisal.service.bench",
    importOptions = ImportOption.DoNotIncludeTests.class)
class MeasurementApartFromCommandTest {
  private static final String COMMANDS = ".*Commands?(\\$.*)?|.*Options?(\\$.*)?";

  @ArchTest
  void shouldKnowNoOptions(JavaClasses classes) {
    noClasses()
        .that()
        .haveNameNotMatching(COMMANDS)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("picocli..", "io.surprisal.service.options..")
        .check(classes);
  }

  @ArchTest
  void shouldPrintNothing(JavaClasses classes) {
    noClasses()
        .that()
        .haveNameNotMatching(COMMANDS)
        .should()
        .dependOnClassesThat()
        .belongToAnyOf(
            Output.class, Table.class, Progress.class, Invocation.class, PrintStream.class)
        .check(classes);
  }
}
