package io.surprisal.service.run;

import io.surprisal.service.cli.MissingDependencyException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.channels.UnresolvedAddressException;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where a process says over HTTP how it is. */
final class HealthOption {
  private static final Logger LOG = LoggerFactory.getLogger(HealthOption.class);
  private static final Pattern FORM = Pattern.compile("(?:(.+):)?(\\d{1,5})");

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--health",
      paramLabel = "[HOST:]PORT",
      description =
          "Answer GET /health/live and /health/ready there, for orchestrators, and /metrics, for"
              + " Prometheus (default: nowhere;"
              + " without HOST for this machine alone, 0.0.0.0:PORT for all).")
  private Optional<String> address = Optional.empty();

  /**
   * Begins to answer, where the user wants it; the caller closes what it gets.
   *
   * @throws MissingDependencyException if the port is taken, or the address is not this machine's
   * @throws IOException if the address cannot be listened on
   */
  AutoCloseable start(Supplier<Health> health, Supplier<String> metrics) throws IOException {
    if (address.isEmpty()) {
      return () -> {};
    }
    try {
      HealthEndpoint endpoint = new HealthEndpoint(parse(address.get()), health, metrics);
      LOG.info(
          "Health is told at port {}, under /health/live, /health/ready and /metrics",
          endpoint.port());
      return endpoint;
    } catch (BindException | UnresolvedAddressException e) {
      throw new MissingDependencyException(
          "cannot listen on --health " + address.get() + " (" + e.getMessage() + "); name another",
          e);
    }
  }

  private InetSocketAddress parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches() || Integer.parseInt(matcher.group(2)) > 65_535) {
      throw new ParameterException(
          command.commandLine(),
          "--health is '" + text + "', must be [HOST:]PORT, as 0.0.0.0:8080");
    }
    String host = Optional.ofNullable(matcher.group(1)).orElse("localhost");
    return new InetSocketAddress(host, Integer.parseInt(matcher.group(2)));
  }
}
