/**
 * The demo: broker, scorer, trainer and a camera that knows the truth, in one command, and a report
 * on what came of it. {@link io.surprisal.service.demo.DemoCommands} lists the command. May know
 * {@code cli}, {@code options}, {@code run}, {@code fits}, {@code web} and all modules; the trainer
 * runs in a process of its own.
 */
package io.surprisal.service.demo;
