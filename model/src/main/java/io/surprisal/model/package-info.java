/**
 * The Variational Diffusion Model (Kingma, Salimans, Poole &amp; Ho 2021, arXiv 2107.00630) as a
 * library: network, diffusion, training, scoring, detection, images and releases. Usable without
 * Kafka.
 */
package io.surprisal.model;
