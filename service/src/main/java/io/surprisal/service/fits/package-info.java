/**
 * Fits that a command runs for somebody who waits: what is said and decided before one starts, its
 * progress, and a folder of pictures of which a part is kept unseen. May know {@code cli}, {@code
 * options} and the {@code model}; the laboratory and the demo use it.
 */
package io.surprisal.service.fits;
