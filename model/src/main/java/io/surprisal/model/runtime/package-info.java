/**
 * What networks run on: PyTorch and its devices, the precision of their arithmetic, and workers
 * side by side. Knows no other room; every room that computes uses it.
 */
package io.surprisal.model.runtime;
