package io.surprisal.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Users for Strimzi's operator have the rights that docs/security.md gives to their roles. */
class KafkaUsersTest {
  private static final Path PAGE = Path.of("..", "docs", "security.md");
  private static final Path MANIFEST = Path.of("kubernetes", "users", "users.yaml");
  private static final Pattern COMMAND =
      Pattern.compile(
          "(?m)^acl (\\w+) --operation (\\w+) --(topic|group|transactional-id) (\\S+)"
              + "( --resource-pattern-type prefixed)?$");

  @Test
  void shouldGiveEachRoleTheRightsOfThePage() throws IOException {
    Map<String, SortedSet<String>> said = new TreeMap<>();
    Matcher commands = COMMAND.matcher(Files.readString(PAGE));
    while (commands.find()) {
      said.computeIfAbsent("surprisal-" + commands.group(1), role -> new TreeSet<>())
          .add(
              right(
                  commands.group(2),
                  commands.group(3).replace("transactional-id", "transactionalId"),
                  commands.group(4),
                  commands.group(5) == null ? "literal" : "prefix"));
    }
    Map<String, SortedSet<String>> granted = new TreeMap<>();
    try (MappingIterator<JsonNode> users =
        new ObjectMapper(new YAMLFactory())
            .readerFor(JsonNode.class)
            .readValues(MANIFEST.toFile())) {
      for (JsonNode user : users.readAll()) {
        SortedSet<String> rights = new TreeSet<>();
        for (JsonNode acl : user.at("/spec/authorization/acls")) {
          JsonNode resource = acl.get("resource");
          for (JsonNode operation : acl.get("operations")) {
            rights.add(
                right(
                    operation.asText(),
                    resource.get("type").asText(),
                    resource.get("name").asText(),
                    resource.get("patternType").asText()));
          }
        }
        granted.put(user.at("/metadata/name").asText(), rights);
      }
    }

    assertThat(said).hasSize(6);
    assertThat(granted).isEqualTo(said);
  }

  private static String right(String operation, String type, String name, String pattern) {
    return String.join(" ", operation, type, name, pattern);
  }
}
