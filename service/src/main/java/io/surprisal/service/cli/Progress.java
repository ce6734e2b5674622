package io.surprisal.service.cli;

import java.util.Optional;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * A progress bar on standard error with speed, time left and a message of its own; nothing at all
 * where standard error is no terminal. Thread-safe.
 */
public final class Progress implements AutoCloseable {

  /** The unit of a task that is bounded by time; it has no speed. */
  public static final String SECONDS = "s";

  private final Optional<ProgressBar> bar;

  private Progress(Optional<ProgressBar> bar) {
    this.bar = bar;
  }

  /**
   * Starts a bar.
   *
   * @param task what is being done, in a word or two
   * @param steps the steps to do, or −1 when they are not known
   * @param unit what a step is, for example {@code images}
   */
  static Progress start(Invocation invocation, String task, long steps, String unit) {
    if (invocation.terminalWidth().isEmpty()) {
      return new Progress(Optional.empty());
    }
    ProgressBarBuilder builder =
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(steps)
            .setUnit(" " + unit, 1)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(200)
            .setConsumer(
                new ConsoleProgressBarConsumer(
                    invocation.err(), invocation.terminalWidth().getAsInt() - 1));
    if (!unit.equals(SECONDS)) {
      builder.showSpeed();
    }
    return new Progress(Optional.of(builder.build()));
  }

  /** Counts one step. */
  public void step() {
    bar.ifPresent(ProgressBar::step);
  }

  /** Sets how many steps are done. */
  public void stepTo(long steps) {
    bar.ifPresent(b -> b.stepTo(steps));
  }

  /** Sets how many steps are done, and of how many where that was not known before. */
  public void stepTo(long steps, long all) {
    bar.ifPresent(b -> b.maxHint(all).stepTo(steps));
  }

  /** Shows a message after the numbers, for example the bits/dim so far. */
  public void message(String message) {
    bar.ifPresent(b -> b.setExtraMessage(" " + message));
  }

  /** Ends the bar's line. */
  @Override
  public void close() {
    bar.ifPresent(ProgressBar::close);
  }
}
