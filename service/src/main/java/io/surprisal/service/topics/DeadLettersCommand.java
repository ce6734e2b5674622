package io.surprisal.service.topics;

import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Printable;
import io.surprisal.service.cli.WritableDirectory;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.service.options.TopicFollower;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints which images could not be scored, and why; saves them, and sends them again. */
@Command(
    name = "dead-letters",
    description = "Print which images could not be scored, and why, one a line.",
    footer = {
      "",
      "With --save or --republish it takes the dead letters that there are, from the oldest on, and"
          + " ends; --max bounds how many. --republish goes on where the last one ended, so that no"
          + " dead letter is sent twice; --from-beginning sends all again. What was cut, because it"
          + " was larger than the topic takes, is neither saved nor sent; the exit code is then 1."
    })
final class DeadLettersCommand implements Callable<Integer> {

  private final Invocation invocation;
  @Mixin private final TopicFollower follower;

  @Option(
      names = "--save",
      paramLabel = "DIR",
      description = "Write the pictures there; no file is written over.")
  private Optional<Path> save = Optional.empty();

  @Option(
      names = "--republish",
      description =
          "Send the images to the topic of images again, as they were: after a fix, for example of"
              + " the release that refused them.")
  private boolean republish;

  private int saved;
  private int sent;
  private int left;

  DeadLettersCommand(Invocation invocation) {
    this.invocation = invocation;
    this.follower = new TopicFollower(invocation);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    String topic = follower.kafka().topics().deadLetters();
    if (save.isEmpty() && !republish) {
      return follower.follow(
          topic,
          record -> {
            Letter letter = Letter.of(record);
            follower.output().printLine(letter.fields(), letter.line());
          });
    }
    Optional<SavedPictures> pictures =
        save.map(folder -> new SavedPictures(WritableDirectory.require(folder, "--save")));
    if (republish) {
      republish(topic, pictures);
    } else {
      try (KafkaConsumer<byte[], byte[]> consumer = follower.kafka().reader()) {
        follower.takeAll(
            topic,
            consumer,
            TopicFollower.Beginning.OLDEST,
            (records, next) -> say(letters(records), pictures));
      }
    }
    summarise();
    return left == 0 ? 0 : Failure.FAILED;
  }

  private void republish(String topic, Optional<SavedPictures> pictures)
      throws InterruptedException {
    KafkaOptions kafka = follower.kafka();
    int limit;
    try (Admin admin = kafka.connect()) {
      limit = kafka.maxImageRecordBytes(admin);
    }
    try (Republication republication = new Republication(kafka, limit)) {
      follower.takeAll(
          topic,
          republication.consumer(),
          TopicFollower.Beginning.WHERE_THE_GROUP_IS,
          (records, next) -> take(letters(records), next, republication, pictures));
    }
  }

  private void take(
      List<Letter> letters,
      Map<TopicPartition, OffsetAndMetadata> next,
      Republication republication,
      Optional<SavedPictures> pictures) {
    say(letters, pictures); // saved first: what was sent is not taken again
    sent += republication.send(letters.stream().filter(letter -> !letter.isCut()).toList(), next);
  }

  /** Those of some records that are dead letters; others are named. */
  private List<Letter> letters(List<ConsumerRecord<byte[], byte[]>> records) {
    List<Letter> letters = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : records) {
      try {
        letters.add(Letter.of(record));
      } catch (IllegalArgumentException e) {
        leave(
            "%s-%d at offset %d".formatted(record.topic(), record.partition(), record.offset()),
            String.valueOf(e.getMessage()));
      }
    }
    return letters;
  }

  private void leave(String what, String why) {
    left++;
    invocation.err().println("surprisal dead-letters: left " + Printable.text(what + ": " + why));
  }

  private void say(List<Letter> letters, Optional<SavedPictures> pictures) {
    for (Letter letter : letters) {
      Map<String, Object> fields = letter.fields();
      String line = letter.line();
      if (letter.isCut()) {
        leave(letter.imageId().orElse("an image without id"), "only a part of it was kept");
      } else if (pictures.isPresent()) {
        Optional<Path> file = saved(letter, pictures.get());
        fields.put("file", file.map(Path::toString));
        line += file.map(path -> "  " + path).orElse("  no picture");
      }
      follower.output().printLine(fields, line);
    }
  }

  private Optional<Path> saved(Letter letter, SavedPictures pictures) {
    try {
      Optional<Path> file = pictures.save(letter);
      saved += file.isPresent() ? 1 : 0;
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void summarise() {
    Output output = follower.output();
    List<String> done = new ArrayList<>();
    save.ifPresent(folder -> done.add("Saved %d pictures in %s".formatted(saved, folder)));
    if (republish) {
      done.add(
          "%s %d images to %s"
              .formatted(
                  done.isEmpty() ? "Republished" : "republished",
                  sent,
                  follower.kafka().topics().images()));
    }
    (output.json() ? invocation.err() : invocation.out())
        .println(String.join(", ", done) + (left == 0 ? "" : ", left " + left));
  }
}
