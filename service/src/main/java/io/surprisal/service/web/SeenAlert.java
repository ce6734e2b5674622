package io.surprisal.service.web;

import io.surprisal.schemas.AnomalyAlert;

/**
 * An alert, without its map, which is read again where somebody looks at it.
 *
 * @param number grows from alert to alert, from the oldest on
 * @param place of the alert's own record
 * @param at its record's time stamp, milliseconds since 1970-01-01T00:00:00Z
 */
record SeenAlert(long number, AnomalyAlert alert, Place place, long at) {

  SeenAlert numbered(long other) {
    return new SeenAlert(other, alert, place, at);
  }
}
