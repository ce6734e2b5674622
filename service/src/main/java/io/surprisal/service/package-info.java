/** The {@code surprisal} command, its configuration and the embedded broker. */
package io.surprisal.service;
