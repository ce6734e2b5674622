/**
 * What keeps running: the embedded broker, the scorer and the trainer, with their health, as
 * commands and as parts that the demo and the benchmarks put together. {@link
 * io.surprisal.service.run.RunCommands} lists the commands. May know {@code cli}, {@code options},
 * {@code metrics} and all modules.
 */
package io.surprisal.service.run;
