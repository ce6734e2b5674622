/**
 * Small checks that every room makes: of arguments, and by SHA-256 of bytes. Knows no other room;
 * every one may know it, and so may the modules above.
 */
package io.surprisal.model.checks;
