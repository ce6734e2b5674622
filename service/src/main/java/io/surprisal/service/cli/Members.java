package io.surprisal.service.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What processes are called where they say what they do. */
public final class Members {
  private static final Logger LOG = LoggerFactory.getLogger(Members.class);

  private Members() {}

  /** The name that the user has given, or host and process id. */
  public static String name(Optional<String> given) {
    return given.orElseGet(() -> host() + "/" + ProcessHandle.current().pid());
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      LOG.debug("This machine does not know its name", e);
      return "localhost";
    }
  }
}
