package io.surprisal.service.options;

import ai.djl.Device;
import io.surprisal.topology.serving.Scoring;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --batch}: how many images go through the network together where a stream is scored. */
public final class BatchOption {
  private static final String AUTO = "auto";
  private static final int MOST = 4096;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = AUTO,
      description =
          "Most images of a batch, of all partitions together, or auto: "
              + Scoring.CPU_BATCH
              + ", on a GPU "
              + Scoring.GPU_BATCH
              + " (default: ${DEFAULT-VALUE}).")
  private String batch;

  /** Refuses what is no size of a batch. */
  public void require() {
    if (!batch.equals(AUTO) && (size() < 1 || size() > MOST)) {
      throw refused();
    }
  }

  /** What was asked for, or what these devices want. */
  public int on(List<Device> devices) {
    return batch.equals(AUTO) ? Scoring.batch(devices) : size();
  }

  private int size() {
    try {
      return Integer.parseInt(batch);
    } catch (NumberFormatException e) {
      throw refused();
    }
  }

  private ParameterException refused() {
    return new ParameterException(
        command.commandLine(), "--batch is " + batch + ", must be auto or 1 to " + MOST);
  }
}
