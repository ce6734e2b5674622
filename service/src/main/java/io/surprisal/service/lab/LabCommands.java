package io.surprisal.service.lab;

import io.surprisal.service.cli.CommandEntry;
import java.util.List;

/** The laboratory: commands that make and examine releases, without Kafka but for the camera. */
public final class LabCommands {
  private LabCommands() {}

  /** The commands, in the order of the help. */
  public static List<CommandEntry> all() {
    return List.of(
        CommandEntry.of("try", TryCommand::new),
        CommandEntry.of("identify", IdentifyCommand::new),
        CommandEntry.of("fit", FitCommand::new),
        CommandEntry.of("import", ImportCommand::new),
        CommandEntry.of("evaluate", EvaluateCommand::new),
        CommandEntry.of("detect", DetectCommand::new),
        CommandEntry.of("explain", ExplainCommand::new),
        CommandEntry.of("sample", SampleCommand::new),
        CommandEntry.of("compress", CompressCommand::new),
        CommandEntry.of("decompress", DecompressCommand::new),
        CommandEntry.of("calibrate", CalibrateCommand::new),
        CommandEntry.of("inspect", InspectCommand::new),
        CommandEntry.of("camera", CameraCommand::new));
  }
}
