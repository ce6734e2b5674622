package io.surprisal.service.demo;

import io.surprisal.model.camera.CameraFrame;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.schemas.ImageEvent;
import java.io.IOException;
import java.util.Optional;

/** Where the demo's images come from, number by number. Any thread may ask. */
interface DemoCamera {

  /**
   * What is known of one image.
   *
   * @param id unique in a run
   * @param source what it shows, or the camera's name
   * @param frame the truth about it, where it was drawn
   * @param shifted whether it shows the surfaces that are rougher than those of the release
   * @param round how often it was shown before
   */
  record Shot(String id, String source, Optional<CameraFrame> frame, boolean shifted, long round) {}

  /** What is known of the image of a number. */
  Shot shot(long index);

  /**
   * The image of a number, as it is published.
   *
   * @throws IOException if it cannot be read
   */
  ImageEvent event(long index) throws IOException;

  /**
   * Counts what becomes of the images.
   *
   * @param rule of the release that serves first
   * @param release its id
   */
  DemoTally tally(AlertRule rule, String release);
}
