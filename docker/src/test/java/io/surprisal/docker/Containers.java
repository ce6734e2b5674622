package io.surprisal.docker;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.WaitContainerResultCallback;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Volume;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.testcontainers.DockerClientFactory;

/** The engine, and the images under test: those of the environment, else those that people use. */
final class Containers {
  static final String SURPRISAL = environment("SURPRISAL_IMAGE", "surprisal");
  static final String KAFKA = environment("KAFKA_IMAGE", "apache/kafka:4.3.1");
  private static final int LONGEST_RUN_SECONDS = 120;

  private Containers() {}

  private static String environment(String name, String otherwise) {
    return Optional.ofNullable(System.getenv(name)).orElse(otherwise);
  }

  static DockerClient engine() {
    return DockerClientFactory.instance().client();
  }

  /** What container tests lack here, and what brings it; empty: nothing. */
  static Optional<String> lack() {
    if (!DockerClientFactory.instance().isDockerAvailable()) {
      return Optional.of(
          "no container engine answers; start one, or on Debian: export DOCKER_HOST=$(docker/engine start"
              + " FOLDER)");
    }
    try {
      engine().inspectImageCmd(SURPRISAL).exec();
      return Optional.empty();
    } catch (NotFoundException e) {
      return Optional.of(
          "there is no image "
              + SURPRISAL
              + "; 'docker build -f docker/Dockerfile -t surprisal .' makes it");
    }
  }

  /**
   * How a container ended.
   *
   * @param exitCode of its first process
   * @param said on both outputs
   */
  record Ended(int exitCode, String said) {}

  /** Runs a command of the image under test, hardened, with a volume of its own, to its end. */
  static Ended run(String... command) throws InterruptedException {
    return run(SURPRISAL, List.of(command));
  }

  /** The same of another image. */
  static Ended run(String image, List<String> command) throws InterruptedException {
    CreateContainerCmd create = engine().createContainerCmd(image).withCmd(command);
    harden(create.getHostConfig());
    String id = create.exec().getId();
    try {
      engine().startContainerCmd(id).exec();
      int exitCode =
          engine()
              .waitContainerCmd(id)
              .exec(new WaitContainerResultCallback())
              .awaitStatusCode(LONGEST_RUN_SECONDS, TimeUnit.SECONDS);
      return new Ended(exitCode, said(id));
    } finally {
      engine().removeContainerCmd(id).withForce(true).withRemoveVolumes(true).exec();
    }
  }

  /** All that a container has printed so far. */
  static String said(String id) throws InterruptedException {
    StringBuilder text = new StringBuilder();
    engine()
        .logContainerCmd(id)
        .withStdOut(true)
        .withStdErr(true)
        .exec(
            new ResultCallback.Adapter<Frame>() {
              @Override
              public void onNext(Frame frame) {
                text.append(new String(frame.getPayload(), UTF_8));
              }
            })
        .awaitCompletion();
    return text.toString();
  }

  /**
   * As in compose.yaml: nothing is writable but volumes, and nothing is allowed to root's powers.
   */
  static void harden(HostConfig host) {
    host.withReadonlyRootfs(true)
        .withCapDrop(Capability.ALL)
        .withSecurityOpts(List.of("no-new-privileges:true"));
  }

  /** Keeps what lies in /data under a name. */
  static void mount(HostConfig host, String volume) {
    host.withBinds(new Bind(volume, new Volume("/data")));
  }
}
