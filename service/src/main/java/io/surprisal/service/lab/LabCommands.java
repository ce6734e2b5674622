package io.surprisal.service.lab;

import io.surprisal.service.cli.Invocation;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;

/** The laboratory: commands that make and examine releases, without Kafka but for the camera. */
public final class LabCommands {
  private LabCommands() {}

  /** The commands of one invocation, in the order of the help. */
  public static List<CommandLine> all(Invocation invocation) {
    return Stream.of(
            new TryCommand(invocation),
            new IdentifyCommand(invocation),
            new FitCommand(invocation),
            new ImportCommand(invocation),
            new EvaluateCommand(invocation),
            new DetectCommand(invocation),
            new ExplainCommand(invocation),
            new SampleCommand(invocation),
            new CompressCommand(invocation),
            new DecompressCommand(invocation),
            new CalibrateCommand(invocation),
            new InspectCommand(invocation),
            new CameraCommand(invocation))
        .map(CommandLine::new)
        .toList();
  }
}
