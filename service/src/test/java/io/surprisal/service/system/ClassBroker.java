package io.surprisal.service.system;

import io.surprisal.service.run.TemporaryCluster;
import java.io.IOException;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A broker that the tests of a class share, each with topics of its own. As a static field with
 * {@link RegisterExtension} it lives as long as they run.
 */
public final class ClassBroker implements BeforeAllCallback, AfterAllCallback {
  private TemporaryCluster cluster;

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    cluster = TemporaryCluster.start("surprisal-test");
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    cluster.close();
  }

  /** Where clients find it, {@code host:port}. */
  public String bootstrapServer() {
    return cluster.bootstrapServer();
  }
}
