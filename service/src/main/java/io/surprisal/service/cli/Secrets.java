package io.surprisal.service.cli;

import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;

/** Which settings nobody is to read over a shoulder, or in a log. */
public final class Secrets {
  /** Stands for one. */
  public static final String MASK = "********";

  /** What Kafka itself keeps to itself: passwords, keys, and the login of SASL. */
  private static final Set<String> KAFKA = kafka();

  /** Of plug-ins, which Kafka knows nothing of. */
  private static final Pattern LIKELY =
      Pattern.compile(
          "password|passwd|secret|token|credential|jaas|user\\.info|api\\.?key|private");

  private static final Pattern IN_URL = Pattern.compile("(://)[^/@\\s]+@");

  private Secrets() {}

  private static Set<String> kafka() {
    Set<String> names = new TreeSet<>();
    Stream.of(ConsumerConfig.configDef(), ProducerConfig.configDef(), AdminClientConfig.configDef())
        .flatMap(definition -> definition.configKeys().values().stream())
        .filter(key -> key.type == ConfigDef.Type.PASSWORD)
        .forEach(key -> names.add(key.name));
    return names;
  }

  /** Whether a setting is one, by its name, with prefixes or without. */
  public static boolean isSecret(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return LIKELY.matcher(lower).find()
        || KAFKA.stream().anyMatch(key -> lower.equals(key) || lower.endsWith("." + key));
  }

  /** A value without the user and the password of its addresses. */
  public static String withoutPasswords(String value) {
    return IN_URL.matcher(value).replaceAll("$1" + MASK + "@");
  }
}
