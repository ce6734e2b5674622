package io.surprisal.model.compression;

/**
 * The stream that an archive's pictures come from.
 *
 * @param cluster what its brokers call it
 * @param topicId of the topic of that name that there was then
 * @param topic its name
 */
public record StreamOrigin(String cluster, String topicId, String topic) {
  private static final String SEPARATOR = " ";

  /** As the header of an archive holds it. */
  public String text() {
    return String.join(SEPARATOR, cluster, topicId, topic);
  }

  /**
   * Reads {@link #text}.
   *
   * @throws ArchiveException if it is none
   */
  public static StreamOrigin of(String text) throws ArchiveException {
    String[] parts = text.split(SEPARATOR, 3);
    if (parts.length < 3) {
      throw new ArchiveException("the archive names no stream but '" + text + "'");
    }
    return new StreamOrigin(parts[0], parts[1], parts[2]);
  }
}
