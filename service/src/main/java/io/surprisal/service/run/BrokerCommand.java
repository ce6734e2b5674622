package io.surprisal.service.run;

import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Usage;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs an embedded broker until it is told to stop. */
@Command(
    name = "broker",
    description = "Run a Kafka broker of its own, for trying things out and small installations.")
final class BrokerCommand implements Callable<Integer> {

  private final Invocation invocation;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      defaultValue = ".surprisal/broker",
      description = "Where its data lie; they survive restarts (default: ${DEFAULT-VALUE}).")
  private Path dataDirectory;

  @Option(
      names = "--port",
      paramLabel = "P",
      defaultValue = "9092",
      description = "Port to listen on; 0 takes any free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--host",
      paramLabel = "NAME",
      defaultValue = "localhost",
      description =
          "What clients reach it by (default: ${DEFAULT-VALUE}); any name but localhost opens it to"
              + " the network, without authentication.")
  private String host;

  @Spec private CommandSpec spec;

  BrokerCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() throws Exception {
    Usage.require(spec, port >= 0 && port <= 65_535, "--port is " + port + ", must be 0 to 65535");
    try (EmbeddedBroker broker = EmbeddedBroker.start(dataDirectory, host, port)) {
      invocation
          .out()
          .println(
              "Broker ready at "
                  + broker.bootstrapServer()
                  + ", data in "
                  + dataDirectory.toAbsolutePath().normalize()
                  + "; Ctrl-C ends it");
      invocation.stop().await();
    }
    return 0;
  }
}
