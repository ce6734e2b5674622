/**
 * Images before they reach the network: decoding guarded against hostile input, the size and
 * channels a release expects, data sets on disk, and the procedural camera of the demo.
 */
package io.surprisal.model.images;
