/**
 * Data sets on disk and in memory: IDX, CIFAR, folders of images, and parts of those. Knows {@code
 * checks}, {@code decoding} and {@code images}.
 */
package io.surprisal.model.datasets;
