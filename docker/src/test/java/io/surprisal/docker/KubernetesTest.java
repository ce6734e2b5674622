package io.surprisal.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The manifests in {@code docker/kubernetes} hold together, and say to the command what it
 * understands. No cluster is asked.
 */
@Timeout(120)
class KubernetesTest {

  /** What Kafka's clients can be told. */
  static final Set<String> KAFKA_PROPERTIES = new TreeSet<>();

  static {
    KAFKA_PROPERTIES.addAll(AdminClientConfig.configNames());
    KAFKA_PROPERTIES.addAll(ConsumerConfig.configNames());
    KAFKA_PROPERTIES.addAll(ProducerConfig.configNames());
  }

  private static final Path FOLDER = Path.of("kubernetes");
  private static final String EXAMPLE = "kafka-credentials.example.yaml";
  private static final Set<String> LAUNCHER = Set.of("SURPRISAL_HEAP", "SURPRISAL_JAVA_OPTS");

  /** All documents by their file, below the folder. */
  private static final Map<Path, List<JsonNode>> DOCUMENTS = new TreeMap<>();

  private static CommandOptions options;

  @BeforeAll
  static void read(@TempDir Path folder) throws Exception {
    options = CommandOptions.ask(folder);
    YAMLFactory strict = new YAMLFactory();
    strict.enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
    ObjectMapper yaml = new ObjectMapper(strict);
    try (Stream<Path> files = Files.walk(FOLDER)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".yaml")).sorted().toList()) {
        try (MappingIterator<JsonNode> documents =
            yaml.readerFor(JsonNode.class).readValues(file.toFile())) {
          DOCUMENTS.put(FOLDER.relativize(file), documents.readAll());
        }
      }
    }
  }

  @Test
  void shouldUseEveryFile() {
    Set<Path> used = new TreeSet<>();
    DOCUMENTS.forEach(
        (file, documents) -> {
          if (file.endsWith("kustomization.yaml")) {
            used.add(file);
            JsonNode kustomization = documents.get(0);
            List<JsonNode> named = new ArrayList<>();
            kustomization.path("resources").forEach(named::add);
            kustomization.path("patches").forEach(patch -> named.add(patch.get("path")));
            for (JsonNode name : named) {
              Path path = file.resolveSibling(name.asText()).normalize();
              if (name.asText().endsWith(".yaml")) {
                used.add(path);
              } else {
                assertThat(DOCUMENTS).containsKey(path.resolve("kustomization.yaml"));
              }
            }
          }
        });
    used.add(Path.of(EXAMPLE));

    assertThat(used).isEqualTo(DOCUMENTS.keySet());
  }

  @Test
  void shouldSelectThePodsThatTheyMake() {
    List<JsonNode> pods = workloads().stream().map(workload -> pod(workload)).toList();
    for (JsonNode resource : resources()) {
      JsonNode selector =
          switch (resource.get("kind").asText()) {
            case "Deployment", "StatefulSet", "PodDisruptionBudget" ->
                resource.at("/spec/selector/matchLabels");
            case "Service" -> resource.at("/spec/selector");
            default -> MissingNode.getInstance();
          };
      if (!selector.isMissingNode()) {
        assertThat(pods).as(name(resource)).filteredOn(pod -> matches(selector, pod)).hasSize(1);
      }
      if (resource.at("/spec/template/spec").isObject()
          && resource.at("/spec/selector").isObject()) {
        assertThat(matches(selector, pod(resource))).as(name(resource)).isTrue();
      }
      for (JsonNode spread : resource.at("/spec/template/spec/topologySpreadConstraints")) {
        assertThat(matches(spread.at("/labelSelector/matchLabels"), pod(resource))).isTrue();
      }
    }
    assertThat(resource("StatefulSet", "surprisal-trainer").at("/spec/serviceName").asText())
        .isEqualTo(name(resource("Service", "surprisal-trainer")));
  }

  @Test
  void shouldMountVolumesThatThereAreAndWriteOnlyThere() {
    for (JsonNode workload : workloads()) {
      Set<String> volumes = new TreeSet<>();
      pod(workload).at("/spec/volumes").forEach(each -> volumes.add(each.get("name").asText()));
      workload
          .at("/spec/volumeClaimTemplates")
          .forEach(each -> volumes.add(each.at("/metadata/name").asText()));
      for (JsonNode container : containers(workload)) {
        Set<String> mounted = new TreeSet<>();
        List<String> places = new ArrayList<>();
        for (JsonNode mount : container.get("volumeMounts")) {
          mounted.add(mount.get("name").asText());
          places.add(mount.get("mountPath").asText() + "/");
        }
        assertThat(mounted).isEqualTo(volumes);
        environment(container)
            .forEach(
                (variable, value) -> {
                  if (value.startsWith("/")) {
                    assertThat(places)
                        .as(variable)
                        .anySatisfy(p -> assertThat(value).startsWith(p));
                  }
                });
        // What the image sets itself lies below this.
        assertThat(places).contains("/data/");
      }
    }
  }

  @Test
  void shouldProbeThePortThatHealthIsToldAt() {
    for (String kind : List.of("Deployment", "StatefulSet")) {
      JsonNode workload =
          workloads().stream()
              .filter(each -> each.get("kind").asText().equals(kind))
              .findFirst()
              .orElseThrow();
      JsonNode container = containers(workload).get(0);
      Map<String, Integer> ports = new HashMap<>();
      container
          .get("ports")
          .forEach(port -> ports.put(port.get("name").asText(), port.get("containerPort").asInt()));
      int told =
          Integer.parseInt(
              environment(container).get("SURPRISAL_HEALTH").replaceFirst("^0\\.0\\.0\\.0:", ""));
      for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
        JsonNode get = container.get(probe).get("httpGet");
        assertThat(ports).as(probe).containsEntry(get.get("port").asText(), told);
        assertThat(get.get("path").asText())
            .isEqualTo(probe.equals("readinessProbe") ? "/health/ready" : "/health/live");
      }
    }
    JsonNode service = resource("Service", "surprisal-trainer");
    assertThat(service.at("/spec/ports/0/targetPort").asText()).isEqualTo("health");
  }

  @Test
  void shouldSayWhatTheCommandUnderstands() {
    for (JsonNode workload : withPatches()) {
      for (JsonNode container : containers(workload)) {
        String command = command(name(workload), container);
        for (JsonNode argument : container.path("args")) {
          if (argument.asText().startsWith("--")) {
            assertThat(options.byCommand().get(command))
                .contains(argument.asText().replaceFirst("^--", "").replaceFirst("=.*", ""));
          }
        }
        for (String variable : environment(container).keySet()) {
          assertThat(LAUNCHER.contains(variable) || options.isSet(command, variable))
              .as("%s means something to %s", variable, command)
              .isTrue();
        }
      }
    }
  }

  @Test
  void shouldReferToConfigurationThatThereIs() {
    for (JsonNode workload : workloads()) {
      for (JsonNode container : containers(workload)) {
        for (JsonNode from : container.get("envFrom")) {
          if (from.has("configMapRef")) {
            resource("ConfigMap", from.at("/configMapRef/name").asText());
          } else {
            assertThat(from.at("/secretRef/name").asText())
                .isEqualTo(name(DOCUMENTS.get(Path.of(EXAMPLE)).get(0)));
            assertThat(from.at("/secretRef/optional").asBoolean()).isTrue();
          }
        }
      }
    }
    resource("ConfigMap", "surprisal")
        .get("data")
        .fieldNames()
        .forEachRemaining(
            variable ->
                assertThat(List.of("score", "train", "topics"))
                    .as(variable)
                    .anyMatch(command -> options.isSet(command, variable)));
    DOCUMENTS
        .get(Path.of(EXAMPLE))
        .get(0)
        .get("stringData")
        .fieldNames()
        .forEachRemaining(
            variable -> assertThat(KAFKA_PROPERTIES).contains(kafkaProperty(variable)));
  }

  @Test
  void shouldRunAsTheImagesUserAndMayDoNothingElse() throws IOException {
    String user =
        Files.readString(Path.of("Dockerfile"))
            .lines()
            .filter(line -> line.startsWith("USER "))
            .map(line -> line.replaceAll("^USER |:.*", ""))
            .reduce((first, last) -> last)
            .orElseThrow();
    for (JsonNode workload : workloads()) {
      JsonNode context = pod(workload).at("/spec/securityContext");
      assertThat(context.get("runAsNonRoot").asBoolean()).isTrue();
      assertThat(context.get("runAsUser").asText()).isEqualTo(user);
      assertThat(context.get("fsGroup").asText()).isEqualTo(user);
      for (JsonNode container : containers(workload)) {
        JsonNode own = container.get("securityContext");
        assertThat(own.get("readOnlyRootFilesystem").asBoolean()).isTrue();
        assertThat(own.get("allowPrivilegeEscalation").asBoolean(true)).isFalse();
        assertThat(own.at("/capabilities/drop/0").asText()).isEqualTo("ALL");
      }
    }
  }

  @Test
  void shouldPatchWhatThereIs() {
    List<JsonNode> patches = patches();
    assertThat(patches).isNotEmpty();
    for (JsonNode patch : patches) {
      JsonNode patched = resource(patch.get("kind").asText(), name(patch));
      assertThat(patch.get("apiVersion")).isEqualTo(patched.get("apiVersion"));
      assertThat(containers(patched).stream().map(each -> each.get("name")))
          .containsAll(containers(patch).stream().map(each -> each.get("name")).toList());
      assertThat(containers(patch).get(0).at("/resources/limits/nvidia.com~1gpu").asInt())
          .isEqualTo(1);
    }
    JsonNode image =
        DOCUMENTS.get(Path.of("overlays", "gpu", "kustomization.yaml")).get(0).at("/images/0");
    for (JsonNode workload : workloads()) {
      assertThat(containers(workload).get(0).get("image")).isEqualTo(image.get("name"));
    }
  }

  /** The property of Kafka's clients that a variable sets. */
  static String kafkaProperty(String variable) {
    return variable
        .replaceFirst("^SURPRISAL_KAFKA_", "")
        .toLowerCase(Locale.ROOT)
        .replace('_', '.');
  }

  private static List<JsonNode> resources() {
    List<JsonNode> resources = new ArrayList<>();
    DOCUMENTS.forEach(
        (file, documents) -> {
          if (!file.startsWith("overlays") && !file.endsWith("kustomization.yaml")) {
            resources.addAll(documents);
          }
        });
    return resources;
  }

  private static List<JsonNode> patches() {
    List<JsonNode> patches = new ArrayList<>();
    DOCUMENTS.forEach(
        (file, documents) -> {
          if (file.startsWith("overlays") && !file.endsWith("kustomization.yaml")) {
            patches.addAll(documents);
          }
        });
    return patches;
  }

  private static JsonNode resource(String kind, String name) {
    List<JsonNode> found =
        resources().stream()
            .filter(each -> each.get("kind").asText().equals(kind) && name(each).equals(name))
            .toList();
    assertThat(found).as(kind + " " + name).hasSize(1);
    return found.get(0);
  }

  private static List<JsonNode> workloads() {
    List<JsonNode> workloads =
        resources().stream().filter(each -> each.at("/spec/template/spec").isObject()).toList();
    assertThat(workloads).hasSize(3);
    return workloads;
  }

  private static List<JsonNode> withPatches() {
    return Stream.concat(workloads().stream(), patches().stream()).toList();
  }

  private static JsonNode pod(JsonNode workload) {
    return workload.at("/spec/template");
  }

  private static List<JsonNode> containers(JsonNode workload) {
    List<JsonNode> containers = new ArrayList<>();
    pod(workload).at("/spec/containers").forEach(containers::add);
    assertThat(containers).isNotEmpty();
    return containers;
  }

  /** The command that a container runs; a patch leaves it as it is. */
  private static String command(String workload, JsonNode container) {
    if (container.has("args")) {
      return container.get("args").get(0).asText();
    }
    return workloads().stream()
        .filter(each -> name(each).equals(workload))
        .map(each -> containers(each).get(0).get("args").get(0).asText())
        .findFirst()
        .orElseThrow();
  }

  private static Map<String, String> environment(JsonNode container) {
    Map<String, String> environment = new TreeMap<>();
    for (JsonNode variable : container.path("env")) {
      assertThat(variable.get("value").isTextual()).as(variable.toString()).isTrue();
      environment.put(variable.get("name").asText(), variable.get("value").asText());
    }
    return environment;
  }

  private static boolean matches(JsonNode selector, JsonNode pod) {
    JsonNode labels = pod.at("/metadata/labels");
    List<String> names = new ArrayList<>();
    selector.fieldNames().forEachRemaining(names::add);
    return !names.isEmpty()
        && names.stream().allMatch(name -> selector.get(name).equals(labels.get(name)));
  }

  private static String name(JsonNode resource) {
    return resource.at("/metadata/name").asText();
  }
}
