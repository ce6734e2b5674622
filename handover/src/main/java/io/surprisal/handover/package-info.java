/**
 * How a release gets from the trainer to the scorers. {@link
 * io.surprisal.handover.PublishedReleases} stores it, in a directory under its id ({@link
 * io.surprisal.handover.ReleaseStore}) or in pieces in a topic ({@link
 * io.surprisal.handover.ReleaseChunks}), and signs it where there is a key; the topic {@code
 * releases} announces it; {@link io.surprisal.handover.ReleaseFetcher} gets it, and checks what it
 * got. {@link io.surprisal.handover.AnnouncementReader} says which announcements are to be
 * believed, {@link io.surprisal.handover.Seal} what a signature of a record covers. Knows the
 * contracts and the model; who trains and who scores know it.
 */
package io.surprisal.handover;
