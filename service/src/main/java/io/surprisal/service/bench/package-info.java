/**
 * {@code surprisal bench}: speed and variance on this machine. The commands plan and print: they
 * read the options, load what is to be measured, and make tables and JSON of the figures. All other
 * classes here measure: they know neither options nor output, are told of the wish to stop by a
 * {@code BooleanSupplier}, and tell of their progress through a {@code Runnable}.
 *
 * <p>Where something of its own is measured against a stream, {@link
 * io.surprisal.service.bench.OfferedLoad} is both ends of it, and {@link
 * io.surprisal.service.run.TemporaryCluster} what it runs on.
 *
 * <p>May know the command's {@code cli}, {@code options} and {@code run}, and every module below;
 * nothing but the registry of commands knows this room.
 */
package io.surprisal.service.bench;
