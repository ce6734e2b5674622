package io.surprisal.model.batching;

import io.surprisal.model.scoring.ImageEvaluation;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.SecondLook;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Where tiles that have been looked at once get their second look. */
interface SecondLooks {

  /** Says which tiles do; empty where one look is all. */
  Optional<SecondLook> secondLook();

  /**
   * Hands tiles in again that came back from here; never blocks.
   *
   * @return complete with the likelihoods after all evaluations
   */
  List<CompletableFuture<ImageLikelihood>> again(List<ImageEvaluation> tiles);
}
