package io.surprisal.model.scoring;

import ai.djl.Device;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A model on each of its devices. Work goes to the first device that has a worker to spare. Owns
 * the native memory of all; threads may share an instance.
 */
final class Replicas implements AutoCloseable {

  /** The model on one device. */
  static final class Replica {
    private final DiffusionModel model;
    private final Optional<LocalCovariates> covariates;
    private final int workers;

    /** How many threads use it; guarded by the replicas. */
    private int users;

    private Replica(DiffusionModel model, int workers, boolean withCovariates) {
      this.model = model;
      this.workers = workers;
      ModelConfiguration configuration = model.configuration();
      covariates =
          withCovariates
              ? Optional.of(
                  new LocalCovariates(
                      model.newManager(), configuration.height(), configuration.width()))
              : Optional.empty();
    }

    DiffusionModel model() {
      return model;
    }

    Optional<LocalCovariates> covariates() {
      return covariates;
    }
  }

  private final List<Replica> replicas = new ArrayList<>();

  /**
   * Copies parameters to each device.
   *
   * @param withCovariates whether evaluations have a control variate
   */
  Replicas(
      ModelConfiguration configuration,
      float[] parameters,
      Execution execution,
      boolean withCovariates) {
    try {
      for (Device device : execution.devices()) {
        Execution there = new Execution(device, execution.precision());
        replicas.add(
            new Replica(
                new DiffusionModel(configuration, parameters, there),
                TorchRuntime.workers(device),
                withCovariates));
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  DiffusionModel first() {
    return replicas.get(0).model();
  }

  /** Does some work on one device. */
  void onOne(Consumer<Replica> work) {
    Replica replica = take();
    try {
      work.accept(replica);
    } finally {
      giveBack(replica);
    }
  }

  /** Does some work on each device, one after the other. */
  void onEach(Consumer<Replica> work) {
    replicas.forEach(work);
  }

  private synchronized Replica take() {
    Replica taken = replicas.get(0);
    for (Replica replica : replicas) {
      if (replica.users < replica.workers) {
        taken = replica;
        break;
      }
      if (replica.users * taken.workers < taken.users * replica.workers) {
        taken = replica; // all are busy: the one with the fewest users for its workers
      }
    }
    taken.users++;
    return taken;
  }

  private synchronized void giveBack(Replica replica) {
    replica.users--;
  }

  @Override
  public void close() {
    replicas.forEach(replica -> replica.model().close());
  }
}
