package io.surprisal.service.documents;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PagesTest {

  @TempDir private Path folder;

  @Test
  void shouldFindEveryBrokenLink() throws Exception {
    write(
        "README.md",
        """
        # A house

        [there](docs/a.md), [its part](docs/a.md#the-first-of-2-parts), [not
        there](docs/b.md), [no part](docs/a.md#second), [above](../x.md), [here](#a-house),
        [not here](#a-hut), [a folder](docs), <img src="docs/none.png">, [the web](https://a.example/x#y)
        """);
    write(
        "docs/a.md",
        """
        ## The first of 2 `parts`!

        [home](../README.md), [code](../src/A.java#L3)
        """);
    write("src/A.java", "class A {}");

    assertThat(Pages.read(folder).brokenLinks())
        .containsExactly(
            "README.md: docs/b.md leads to no file",
            "README.md: docs/a.md#second leads to no heading",
            "README.md: ../x.md leads out of the folder",
            "README.md: #a-hut leads to no heading",
            "README.md: docs/none.png leads to no file",
            "docs/a.md: ../src/A.java#L3 leads to an anchor, but to none of the pages");
  }

  @Test
  void shouldTakeNothingInCodeForAHeadingOrALink() throws Exception {
    write(
        "README.md",
        """
        # One

        ```
        # Two
        [x](nowhere.md)
        first \\
          second
        ```

        `[y](nowhere.md)` and [three](#two)

        ## One
        """);

    Pages pages = Pages.read(folder);

    assertThat(pages.brokenLinks()).containsExactly("README.md: #two leads to no heading");
    assertThat(pages.all()).hasSize(1);
    Page page = pages.all().get(0);
    assertThat(page.anchors()).containsExactly("one", "one-1");
    assertThat(page.code()).containsExactly("# Two", "[x](nowhere.md)", "first second");
    assertThat(page.spans()).containsExactly("[y](nowhere.md)");
  }

  @Test
  void shouldReadDocsAndDockerButNotWhatOthersBroughtThere() throws Exception {
    write("README.md", "");
    write("CONTRIBUTING.md", "");
    write("docs/deep/a.md", "");
    write("docker/b.md", "");
    write("docker/node_modules/c.md", "[x](y)");
    write("service/d.md", "[x](y)");

    assertThat(Pages.read(folder).all())
        .extracting(page -> folder.toRealPath().relativize(page.file()).toString())
        .containsExactly("CONTRIBUTING.md", "README.md", "docker/b.md", "docs/deep/a.md");
  }

  private void write(String file, String text) throws IOException {
    Path path = folder.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }
}
