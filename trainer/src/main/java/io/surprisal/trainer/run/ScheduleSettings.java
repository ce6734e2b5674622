package io.surprisal.trainer.run;

import java.time.Duration;

/**
 * When runs start that nobody asked for, and how long they train.
 *
 * @param firstImages images of the stream from which the first release is trained
 * @param budget training time of a run that nobody gave another
 * @param every time between two runs without any other reason
 * @param pause least time between two runs that nobody asked for
 */
public record ScheduleSettings(int firstImages, Duration budget, Duration every, Duration pause) {}
