package io.surprisal.service.web;

/** What of the view has changed, so that a page asks again for that alone. */
enum Part {
  ALERTS,
  SCORES,
  SOURCES,
  RELEASES,
  TRAINER,
  REVIEWS,
  BROKER
}
