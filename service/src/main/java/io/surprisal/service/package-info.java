/**
 * The {@code surprisal} command: {@link io.surprisal.service.Surprisal} joins the commands of all
 * wings to one command line, and {@code config} describes it. A wing is a package that shows what a
 * user does:
 *
 * <ul>
 *   <li>{@link io.surprisal.service.run} keeps broker, scorer and trainer running;
 *   <li>{@link io.surprisal.service.topics} creates topics, sends images, prints what comes of
 *       them;
 *   <li>{@link io.surprisal.service.steer} tells trainer and scorers what to do;
 *   <li>{@link io.surprisal.service.web} shows all that in a browser;
 *   <li>{@link io.surprisal.service.lab} makes and examines releases without a stream;
 *   <li>{@link io.surprisal.service.demo} shows all of it in one go;
 *   <li>{@link io.surprisal.service.bench} measures.
 * </ul>
 *
 * <p>Under them lie {@link io.surprisal.service.options} and {@link io.surprisal.service.cli}. A
 * new command is a package-private class of its wing, in the list of that wing's registry. May know
 * every module; no wing knows this package.
 */
package io.surprisal.service;
