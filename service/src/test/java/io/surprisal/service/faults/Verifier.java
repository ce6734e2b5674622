package io.surprisal.service.faults;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * Says in words what is wrong with what scorers have left once nothing moves any more: each image
 * has exactly one score or dead letter, each score with the verdict ALERT exactly one alert,
 * nothing else is there, and the group stands at the end of the images. Images are those of
 * producers without transactions, so that each offset holds one.
 *
 * <p>It knows the topics' contracts and none of Surprisal's code.
 */
public final class Verifier {

  private static final SingleObjects EVENTS = SingleObjects.of("ImageEvent");
  private static final SingleObjects SCORES = SingleObjects.of("ImageScore");
  private static final SingleObjects ALERTS = SingleObjects.of("AnomalyAlert");

  private final Ledger ledger;
  private final List<String> faults = new ArrayList<>();
  private final Map<Place, ConsumerRecord<byte[], byte[]>> images = new TreeMap<>();

  /** By image: what answers it, in words. */
  private final Map<Place, List<String>> answers = new TreeMap<>();

  /** By image: its scores with the verdict ALERT. */
  private final Map<Place, List<Place>> alerting = new TreeMap<>();

  private Verifier(Ledger ledger) {
    this.ledger = ledger;
  }

  /** One sentence for each fault; empty if all is well. */
  public static List<String> faults(Ledger ledger) {
    Verifier verifier = new Verifier(ledger);
    verifier.readImages();
    verifier.readScores();
    verifier.readDeadLetters();
    verifier.requireOneAnswerEach();
    verifier.requireOneAlertEach();
    verifier.requireEnd();
    return List.copyOf(verifier.faults);
  }

  private void readImages() {
    Map<Integer, Long> next = new TreeMap<>();
    for (ConsumerRecord<byte[], byte[]> image : ledger.images()) {
      images.put(Place.of(image), image);
      answers.put(Place.of(image), new ArrayList<>());
      Long expected = next.put(image.partition(), image.offset() + 1);
      if (expected != null && expected != image.offset()) {
        fault(
            "offsets %d to %d before image %s hold no image",
            expected, image.offset() - 1, Place.of(image));
      }
    }
  }

  private void readScores() {
    for (ConsumerRecord<byte[], byte[]> score : ledger.scores()) {
      Place at = Place.of(score);
      decoded("score", SCORES, score)
          .ifPresent(
              record -> {
                Place image = location(record);
                if (exists("score", at, image)) {
                  answers.get(image).add("score " + at);
                  requireName(at, String.valueOf(record.get("imageId")), image);
                  if (String.valueOf(record.get("verdict")).equals("ALERT")) {
                    alerting.computeIfAbsent(image, none -> new ArrayList<>()).add(at);
                  }
                }
              });
    }
  }

  private void requireName(Place score, String name, Place image) {
    String expected;
    try {
      expected = String.valueOf(EVENTS.decode(images.get(image).value()).get("imageId"));
    } catch (IOException e) {
      fault("score %s is of image %s, which is none: %s", score, image, e.getMessage());
      return;
    }
    if (expected.isEmpty()) {
      expected = image.topic() + "-" + image.partition() + "-" + image.offset();
    }
    if (!name.equals(expected)) {
      fault("score %s is of image %s, but calls it %s, not %s", score, image, name, expected);
    }
  }

  private void readDeadLetters() {
    for (ConsumerRecord<byte[], byte[]> letter : ledger.deadLetters()) {
      Place at = Place.of(letter);
      Place image;
      try {
        image =
            new Place(
                header(letter, "surprisal.topic"),
                Integer.parseInt(header(letter, "surprisal.partition")),
                Long.parseLong(header(letter, "surprisal.offset")));
      } catch (NumberFormatException e) {
        fault("dead letter %s does not say which image it is of: %s", at, e.getMessage());
        continue;
      }
      if (exists("dead letter", at, image)) {
        answers.get(image).add("dead letter " + at);
        boolean whole = header(letter, "surprisal.truncated").isEmpty();
        if (whole && !Arrays.equals(letter.value(), images.get(image).value())) {
          fault("dead letter %s has other bytes than image %s", at, image);
        }
      }
    }
  }

  private void requireOneAnswerEach() {
    answers.forEach(
        (image, all) -> {
          if (all.isEmpty()) {
            fault("image %s has no score and no dead letter", image);
          } else if (all.size() > 1) {
            fault("image %s has %d answers: %s", image, all.size(), String.join(", ", all));
          }
        });
  }

  private void requireOneAlertEach() {
    Map<Place, List<Place>> alertsOf = new TreeMap<>();
    Map<String, List<Place>> alertsCalled = new TreeMap<>();
    for (ConsumerRecord<byte[], byte[]> alert : ledger.alerts()) {
      Place at = Place.of(alert);
      decoded("alert", ALERTS, alert)
          .ifPresent(
              record -> {
                Place image = location(record);
                if (exists("alert", at, image)) {
                  alertsOf.computeIfAbsent(image, none -> new ArrayList<>()).add(at);
                }
                alertsCalled
                    .computeIfAbsent(
                        String.valueOf(record.get("alertId")), none -> new ArrayList<>())
                    .add(at);
              });
    }
    alertsOf.forEach(
        (image, all) -> {
          if (all.size() > 1) {
            fault("image %s has %d alerts: %s", image, all.size(), all);
          }
          if (!alerting.containsKey(image)) {
            fault("alert %s is of image %s, no score of which says ALERT", all.get(0), image);
          }
        });
    alertsCalled.forEach(
        (id, all) -> {
          if (all.size() > 1) {
            fault("alert id %s is there %d times: %s", id, all.size(), all);
          }
        });
    alerting.forEach(
        (image, scores) -> {
          if (!alertsOf.containsKey(image)) {
            fault("score %s says ALERT, but image %s has no alert", scores.get(0), image);
          }
        });
  }

  private void requireEnd() {
    ledger
        .imageEnds()
        .forEach(
            (partition, end) -> {
              Long offset = ledger.groupOffsets().get(partition);
              if (offset == null && end > 0) {
                fault("the group has no offset of partition %d, which ends at %d", partition, end);
              } else if (offset != null && !offset.equals(end)) {
                fault(
                    "the group is at offset %d of partition %d, which ends at %d",
                    offset, partition, end);
              }
            });
    for (Place open : ledger.openTransactions()) {
      fault("a transaction is open from %s on", open);
    }
  }

  private boolean exists(String kind, Place at, Place image) {
    if (images.containsKey(image)) {
      return true;
    }
    fault("%s %s is of image %s, which does not exist", kind, at, image);
    return false;
  }

  private Optional<GenericRecord> decoded(
      String kind, SingleObjects format, ConsumerRecord<byte[], byte[]> record) {
    try {
      return Optional.of(format.decode(record.value()));
    } catch (IOException e) {
      fault("%s %s cannot be read: %s", kind, Place.of(record), e.getMessage());
      return Optional.empty();
    }
  }

  private static Place location(GenericRecord record) {
    GenericRecord location = (GenericRecord) record.get("location");
    return new Place(
        String.valueOf(location.get("topic")),
        (Integer) location.get("partition"),
        (Long) location.get("offset"));
  }

  /** The last header of that name; empty if there is none. */
  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? "" : new String(header.value(), UTF_8);
  }

  private void fault(String words, Object... arguments) {
    faults.add(words.formatted(arguments));
  }
}
