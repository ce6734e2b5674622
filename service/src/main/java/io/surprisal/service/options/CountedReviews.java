package io.surprisal.service.options;

import io.surprisal.schemas.AlertReview;
import java.util.Map;

/**
 * What people have said of alerts.
 *
 * @param byAlert of each alert the last review that counts, by the alert's id
 * @param others records of reviews that count for nothing: not signed by a key that is trusted
 */
public record CountedReviews(Map<String, AlertReview> byAlert, long others) {

  /** That there are others, for people; empty where there are none. */
  public String aboutOthers() {
    return others == 0
        ? ""
        : "%d %s not signed by a key of --trust, and not counted"
            .formatted(others, others == 1 ? "review is" : "reviews are");
  }
}
