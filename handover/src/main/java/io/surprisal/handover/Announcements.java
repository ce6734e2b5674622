package io.surprisal.handover;

import io.surprisal.model.release.Release;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import java.time.Instant;

/** What is said of a release where it is announced. */
public final class Announcements {
  private Announcements() {}

  /**
   * That a release serves; who says so, and why, is the caller's to add.
   *
   * @param location URI of the file
   * @param bytes its length
   */
  public static ReleaseAnnouncement.Builder active(
      Release release, String location, long bytes, Instant now) {
    return ReleaseAnnouncement.newBuilder()
        .setReleaseId(release.id())
        .setState(ReleaseState.ACTIVE)
        .setLocation(location)
        .setSha256(release.id())
        .setSizeBytes(bytes)
        .setAnnouncedAt(now);
  }
}
