/**
 * The laboratory: making and examining releases, without a stream; the demo's camera alone can
 * publish. {@link io.surprisal.service.lab.LabCommands} lists the commands. May know {@code cli},
 * {@code options}, {@code fits}, {@code schemas}, the {@code model} and the {@code topology}, whose
 * intake says what the stream makes of a file.
 */
package io.surprisal.service.lab;
