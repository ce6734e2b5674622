package io.surprisal.schemas;

/**
 * Names of all topics: a prefix and what they carry.
 *
 * @param prefix put before every name, {@value #DEFAULT_PREFIX} unless configured
 */
public record Topics(String prefix) {

  /** The prefix of an unconfigured system. */
  public static final String DEFAULT_PREFIX = "surprisal.";

  /** Input: {@code ImageEvent} by source, image id or nothing. */
  public String images() {
    return prefix + "images";
  }

  /** Output: {@code ImageScore} by the image's key. */
  public String scores() {
    return prefix + "scores";
  }

  /** Output: {@code AnomalyAlert} by the image's key. */
  public String alerts() {
    return prefix + "alerts";
  }

  /** Output: {@code AlertIncident} by incident id and partition of the images, the last of each. */
  public String incidents() {
    return prefix + "incidents";
  }

  /** Output: images that could not be scored, as they came, with headers that say why. */
  public String deadLetters() {
    return prefix + "dead-letters";
  }

  /** {@code ControlCommand} by command id. */
  public String control() {
    return prefix + "control";
  }

  /** {@code ReleaseAnnouncement} by release id. */
  public String releases() {
    return prefix + "releases";
  }

  /** Release files in pieces, see {@code ReleaseChunks} of the handover. */
  public String releaseChunks() {
    return prefix + "release-chunks";
  }

  /** {@code TrainerEvent} by run id. */
  public String trainer() {
    return prefix + "trainer";
  }

  /** {@code SourceStatistics} by source. */
  public String statistics() {
    return prefix + "statistics";
  }

  /** Output: {@code SourceAlert} by source. */
  public String sourceAlerts() {
    return prefix + "source-alerts";
  }

  /** Output: {@code SourceStatus} by source, the last of each. */
  public String sources() {
    return prefix + "sources";
  }

  /** {@code AlertReview} by alert id. */
  public String reviews() {
    return prefix + "reviews";
  }
}
