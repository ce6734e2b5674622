package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SharedAnswersTest {
  private final AtomicLong version = new AtomicLong(1);
  private final AtomicLong told = new AtomicLong(1);
  private final AtomicInteger worked = new AtomicInteger();
  private final SharedAnswers shared = new SharedAnswers(version::get, told::get);

  private String ask(String question) throws InterruptedException {
    byte[] body =
        shared.answer(question, () -> Answer.json(List.of(worked.incrementAndGet()))).body();
    return new String(body, UTF_8);
  }

  @Test
  void shouldAnswerAnewWhatSomebodyHasBeenToldMoreOf() throws Exception {
    assertThat(ask("feed")).isEqualTo("[1]");
    version.set(2);
    assertThat(ask("another")).isEqualTo("[2]");
    told.set(2);

    assertThat(ask("feed")).as("it knows of one change only").isEqualTo("[3]");
    assertThat(ask("another")).as("it knows of both").isEqualTo("[2]");
    version.set(3);
    assertThat(ask("feed")).as("of the third all will be told").isEqualTo("[3]");
  }

  @Test
  void shouldAnswerAnewWhereNobodyIsTold() throws Exception {
    told.set(Long.MAX_VALUE);

    assertThat(ask("feed")).isEqualTo("[1]");
    assertThat(ask("feed")).isEqualTo("[2]");
  }

  @Test
  void shouldWorkOnceForAllWhoAskAtTheSameTime() throws Exception {
    CountDownLatch ready = new CountDownLatch(8);
    List<CompletableFuture<byte[]>> answers =
        IntStream.range(0, 8)
            .mapToObj(
                i ->
                    CompletableFuture.supplyAsync(
                        () -> {
                          ready.countDown();
                          try {
                            ready.await();
                            return shared
                                .answer("feed", () -> Answer.json(worked.incrementAndGet()))
                                .body();
                          } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                          }
                        },
                        work -> new Thread(work, "asker").start()))
            .toList();

    assertThat(answers).allSatisfy(answer -> assertThat(answer.join()).asString().isEqualTo("1"));
    assertThat(worked).hasValue(1);
  }

  @Test
  void shouldKeepNoRefusalAndNotMoreThanAFew() throws Exception {
    assertThatThrownBy(
            () ->
                shared.answer(
                    "feed",
                    () -> {
                      throw new RefusedException(400, "no");
                    }))
        .isInstanceOf(RefusedException.class);
    assertThat(ask("feed")).isEqualTo("[1]");
    for (int i = 0; i < 100; i++) {
      ask("question-" + i);
    }

    assertThat(ask("question-99")).isEqualTo("[101]");
    assertThat(ask("feed")).isEqualTo("[102]");
  }
}
