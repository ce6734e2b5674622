/**
 * The laboratory: making and examining releases, without a stream; the demo's camera alone can
 * publish. {@link io.surprisal.service.lab.LabCommands} lists the commands. May know {@code cli},
 * {@code options}, {@code fits}, {@code schemas} and the {@code model}.
 */
package io.surprisal.service.lab;
