/**
 * The page to look at: what the topics hold, in a browser, and reviews and commands from there.
 * {@link io.surprisal.service.web.Dashboard} reads the topics into a {@link
 * io.surprisal.service.web.View}, whose size does not depend on the traffic, and serves it over
 * HTTP; {@link io.surprisal.service.web.WebCommands} lists the commands. The page itself lies in
 * the resources of this package. May know {@code cli}, {@code options}, {@code metrics}, what
 * {@code steer} sends, {@code schemas}, {@code model}, {@code handover} and the {@code topology}.
 */
package io.surprisal.service.web;
