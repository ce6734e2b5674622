/**
 * The Variational Diffusion Model (Kingma, Salimans, Poole &amp; Ho 2021, arXiv 2107.00630) as a
 * library, in rooms: {@code checks}, {@code runtime}, {@code images} at the bottom; {@code
 * network}, {@code diffusion}, {@code decoding}, {@code datasets} and {@code release} on them;
 * {@code scoring} with what serves it and studies it, {@code training} with what runs it, on top.
 * Usable without Kafka and Avro; which room may know which is pinned by this module's {@code
 * ArchitectureTest}.
 */
package io.surprisal.model;
