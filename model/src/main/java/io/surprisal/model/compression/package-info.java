/**
 * Lossless compression with the model: asymmetric numeral systems, bits-back coding over the
 * diffusion's discrete-time chain, and the archive file. Usable without Kafka.
 */
package io.surprisal.model.compression;
