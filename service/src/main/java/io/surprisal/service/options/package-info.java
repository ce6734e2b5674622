/**
 * Options that several commands share, as mixins, and what they name: images, releases, devices,
 * topics, and what topics hold. An option that is the same everywhere but for its words and default
 * takes both from its command, see {@link io.surprisal.service.cli.OwnWords}. May know {@code cli},
 * {@code schemas}, {@code model} and the {@code topology}.
 */
package io.surprisal.service.options;
