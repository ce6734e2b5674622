/**
 * What goes through topics: creating them, sending images, archiving them, printing scores, alerts,
 * statistics and dead letters. {@link io.surprisal.service.topics.TopicsCommands} lists the
 * commands. May know {@code cli}, {@code options}, {@code schemas}, the {@code model} and the
 * {@code topology}.
 */
package io.surprisal.service.topics;
