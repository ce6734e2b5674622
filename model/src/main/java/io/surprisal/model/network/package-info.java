/**
 * The network of the paper: its configuration, the layout and first values of its parameters, and
 * what an evaluation and a training step of it cost. Written as TorchScript, since DJL has no
 * autograd of its own. Knows {@code checks}, {@code images} and {@code runtime}.
 */
package io.surprisal.model.network;
