package io.surprisal.service.security;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.apache.kafka.server.authorizer.Action;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;
import org.apache.kafka.server.authorizer.AuthorizationResult;

/** Kafka's authorizer of KRaft, which remembers beside what it was asked. */
public final class RecordingAuthorizer extends StandardAuthorizer {
  private static final Map<String, Set<Asked>> ALLOWED = new ConcurrentHashMap<>();
  private static final Map<String, Set<Asked>> DENIED = new ConcurrentHashMap<>();

  /** What a request needed. */
  record Asked(AclOperation operation, ResourceType type, String name) {}

  /** What a user was allowed so far. */
  static Set<Asked> allowed(String user) {
    return Set.copyOf(ALLOWED.getOrDefault(user, Set.of()));
  }

  /** What a user was denied so far. */
  static Set<Asked> denied(String user) {
    return Set.copyOf(DENIED.getOrDefault(user, Set.of()));
  }

  @Override
  public List<AuthorizationResult> authorize(
      AuthorizableRequestContext context, List<Action> actions) {
    List<AuthorizationResult> results = super.authorize(context, actions);
    for (int i = 0; i < actions.size(); i++) {
      Action action = actions.get(i);
      boolean allowed = results.get(i) == AuthorizationResult.ALLOWED;
      if (isNeeded(context, action)) {
        (allowed ? ALLOWED : DENIED)
            .computeIfAbsent(context.principal().getName(), user -> ConcurrentHashMap.newKeySet())
            .add(
                new Asked(
                    action.operation(),
                    action.resourcePattern().resourceType(),
                    action.resourcePattern().name()));
      }
    }
    return results;
  }

  /** Who describes a topic is told besides what else would be allowed; a list leaves out topics. */
  private static boolean isNeeded(AuthorizableRequestContext context, Action action) {
    return action.logIfDenied()
        && (context.requestType() != ApiKeys.DESCRIBE_TOPIC_PARTITIONS.id
            || action.operation() == AclOperation.DESCRIBE);
  }
}
