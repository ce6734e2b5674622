package io.surprisal.service.security;

import io.surprisal.service.security.RecordingAuthorizer.Asked;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** The rights that docs/security.md gives to each role, by the commands that stand there. */
final class Rights {
  private static final Pattern COMMAND =
      Pattern.compile(
          "(?m)^acl (\\w+) --operation (\\w+) --(topic|group|transactional-id) (\\S+)"
              + "( --resource-pattern-type prefixed)?$");

  /** Of these operations a right is one to describe as well. */
  private static final Set<AclOperation> DESCRIBING =
      Set.of(AclOperation.READ, AclOperation.WRITE, AclOperation.DELETE, AclOperation.ALTER);

  /** One right. */
  record Right(AclOperation operation, ResourcePattern resource) {

    /** As the broker is told of it. */
    AclBinding of(String user) {
      return new AclBinding(
          resource,
          new AccessControlEntry("User:" + user, "*", operation, AclPermissionType.ALLOW));
    }

    /** Whether it allows what was asked. */
    boolean allows(Asked asked) {
      boolean named =
          resource.patternType() == PatternType.PREFIXED
              ? asked.name().startsWith(resource.name())
              : asked.name().equals(resource.name());
      return named
          && asked.type() == resource.resourceType()
          && (asked.operation() == operation
              || (asked.operation() == AclOperation.DESCRIBE && DESCRIBING.contains(operation)));
    }

    @Override
    public String toString() {
      return operation + " " + resource.resourceType() + " " + resource.name();
    }
  }

  private Rights() {}

  /** By role, in the order of the page. */
  static Map<String, List<Right>> read(Path page) throws IOException {
    Map<String, List<Right>> rights = new LinkedHashMap<>();
    Matcher commands = COMMAND.matcher(Files.readString(page));
    while (commands.find()) {
      String type = commands.group(3).replace('-', '_').toUpperCase(Locale.ROOT);
      rights
          .computeIfAbsent(commands.group(1), role -> new ArrayList<>())
          .add(
              new Right(
                  AclOperation.fromString(
                      commands
                          .group(2)
                          .replaceAll("(?<=[a-z])(?=[A-Z])", "_")
                          .toUpperCase(Locale.ROOT)),
                  new ResourcePattern(
                      ResourceType.fromString(type),
                      commands.group(4),
                      commands.group(5) == null ? PatternType.LITERAL : PatternType.PREFIXED)));
    }
    return rights;
  }
}
