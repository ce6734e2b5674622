/**
 * Studies of how much an estimate of the bound varies, and by what it could vary less. Knows {@code
 * scoring} and the rooms below it; calibration fits its control variates to the same evaluations,
 * and the service's benches print the studies.
 */
package io.surprisal.model.variance;
