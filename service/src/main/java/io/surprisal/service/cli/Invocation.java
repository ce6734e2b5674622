package io.surprisal.service.cli;

import java.io.PrintStream;
import java.util.OptionalInt;

/**
 * One invocation of the command: the streams it prints to, the settings around it and the wish that
 * it end. Results go to {@link #out()}, logs and progress to {@link #err()}.
 */
public final class Invocation {

  private final Class<?> mainClass;
  private final PrintStream out;
  private final PrintStream err;
  private final OptionalInt terminalWidth;
  private final Settings settings;
  private final StopSignal stop;
  private volatile boolean quiet;

  /**
   * Creates an invocation.
   *
   * @param mainClass starts the command, for those of its processes that run another one beside it
   * @param terminalWidth the columns of the terminal behind {@code err}; empty where there is none
   */
  public Invocation(
      Class<?> mainClass,
      PrintStream out,
      PrintStream err,
      OptionalInt terminalWidth,
      Settings settings,
      StopSignal stop) {
    this.mainClass = mainClass;
    this.out = out;
    this.err = err;
    this.terminalWidth = terminalWidth;
    this.settings = settings;
    this.stop = stop;
  }

  public PrintStream out() {
    return out;
  }

  public PrintStream err() {
    return err;
  }

  public Settings settings() {
    return settings;
  }

  public StopSignal stop() {
    return stop;
  }

  /** The columns of the terminal that progress is drawn on; empty where none should be drawn. */
  OptionalInt terminalWidth() {
    return quiet ? OptionalInt.empty() : terminalWidth;
  }

  public void beQuiet() {
    quiet = true;
  }

  /** What starts the command in a process of its own. */
  public Class<?> mainClass() {
    return mainClass;
  }

  /** Starts a progress bar, see {@link Progress#start}. */
  public Progress progress(String task, long steps, String unit) {
    return Progress.start(this, task, steps, unit);
  }
}
