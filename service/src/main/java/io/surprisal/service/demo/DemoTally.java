package io.surprisal.service.demo;

import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.service.cli.Table;
import java.util.Map;

/**
 * What is counted of the images that were scored: it depends on what is known of them. One thread.
 */
interface DemoTally {

  /** One image has been scored. */
  void scored(ImageScore score, DemoCamera.Shot shot);

  /** One image that was scored, or will be, has raised an alert. */
  void alerted(AnomalyAlert alert, DemoCamera.Shot shot);

  /** What else a line about an alert says; empty for nothing. */
  String remark(AnomalyAlert alert, DemoCamera.Shot shot);

  /** Adds what {@code --json} prints at the end. */
  void addTo(Map<String, Object> summary);

  /** Adds what people read at the end. */
  void addTo(Table summary);
}
