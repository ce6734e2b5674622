package io.surprisal.model.datasets;

import io.surprisal.model.decoding.DecodedImage;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.decoding.ImageDecoder;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.PixelImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * PNG, JPEG, TIFF and BMP files of any sizes. Only what their headers say is held in memory: a
 * picture is decoded each time that it is asked for.
 */
public final class PictureFiles implements ImageSource {
  private static final ImageDecoder DECODER = new ImageDecoder(DecodingLimits.defaults());

  /** No larger file is opened: a picture of the largest size takes less without compression. */
  private static final long MOST_BYTES = 256L << 20;

  private static final int LOOKED_AT = 64;

  /** Of so many samples, one may lie outside the levels at either end. */
  private static final int ONE_OF = 1000;

  private static final Logger LOG = LoggerFactory.getLogger(PictureFiles.class);

  /**
   * A file.
   *
   * @param name what to call it: its path below the folder that was named
   * @param size from its header
   */
  private record Picture(Path file, String name, PictureSize size) {}

  /**
   * A file that is left out.
   *
   * @param file its path
   * @param reason what is wrong with it
   */
  public record Skipped(Path file, String reason) {}

  private final List<Picture> pictures;
  private final List<Skipped> skipped;
  private final PassedOver passedOver;
  private final Interpretation how;

  private PictureFiles(
      List<Picture> pictures, List<Skipped> skipped, PassedOver passedOver, Interpretation how) {
    this.how = how;
    this.passedOver = passedOver;
    this.pictures = List.copyOf(pictures);
    this.skipped = List.copyOf(skipped);
  }

  /** Whether paths are folders and files whose names end as those of picture files. */
  public static boolean isAllOf(List<Path> paths) {
    return paths.stream()
        .allMatch(path -> Files.isDirectory(path) || PictureFolder.isNamedAsPicture(path));
  }

  /** As {@link #open(List, Interpretation)}, as usually interpreted. */
  public static PictureFiles open(List<Path> paths) throws IOException {
    return open(paths, Interpretation.usual());
  }

  /**
   * Looks at the headers of the picture files that are named, and of those in folders, at any
   * depth, sorted by path. A file that is not one complete picture, or cannot be read, is skipped.
   *
   * @param how files are understood
   * @throws NoSuchFileException if a path does not exist
   * @throws NoPicturesException if a folder has no file that is named as a picture
   * @throws IOException if no path is given, a folder cannot be listed, or no picture is left
   */
  public static PictureFiles open(List<Path> paths, Interpretation how) throws IOException {
    if (paths.isEmpty()) {
      throw new IOException("No picture file or folder was given");
    }
    List<Picture> pictures = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    PassedOver passedOver = PassedOver.NONE;
    for (Path path : paths) {
      if (Files.isDirectory(path)) {
        PictureFolder folder = PictureFolder.look(path);
        passedOver = passedOver.and(folder.passedOver());
        for (Path file : folder.files()) {
          add(file, path.relativize(file).toString(), how, pictures, skipped);
        }
      } else if (Files.exists(path)) {
        add(path, String.valueOf(path.getFileName()), how, pictures, skipped);
      } else {
        throw new NoSuchFileException(path.toString());
      }
    }
    if (pictures.isEmpty()) {
      throw new IOException(
          "none of %d files is a picture; the first: %s: %s"
              .formatted(skipped.size(), skipped.get(0).file(), skipped.get(0).reason()));
    }
    return new PictureFiles(pictures, skipped, passedOver, how);
  }

  private static void add(
      Path file, String name, Interpretation how, List<Picture> pictures, List<Skipped> skipped) {
    try {
      if (Files.size(file) > MOST_BYTES) {
        skipped.add(
            new Skipped(
                file,
                "it has %d bytes; at most %d are read".formatted(Files.size(file), MOST_BYTES)));
        return;
      }
      pictures.add(new Picture(file, name, DECODER.size(Files.readAllBytes(file), how)));
    } catch (ImageRejectedException e) {
      skipped.add(new Skipped(file, String.valueOf(e.getMessage())));
    } catch (IOException e) {
      skipped.add(new Skipped(file, "it cannot be read: " + e));
    }
  }

  /** Some of the pictures, in the order given. */
  public PictureFiles subset(int[] which) {
    return new PictureFiles(
        IntStream.of(which).mapToObj(pictures::get).toList(), List.of(), PassedOver.NONE, how);
  }

  /**
   * The levels between which all but a thousandth of the samples at either end lie, of those of up
   * to {@value #LOOKED_AT} pictures from all over that have 16 bits; empty where none has, or all
   * samples are alike.
   */
  public Optional<Interpretation.Levels> levels() {
    long[] counts = new long[1 << 16];
    int looked = Math.min(LOOKED_AT, size());
    for (int i = 0; i < looked; i++) {
      Picture picture = pictures.get((int) ((long) i * size() / looked));
      try {
        DECODER.countLevels(Files.readAllBytes(picture.file()), counts);
      } catch (ImageRejectedException | IOException e) {
        LOG.debug("{} has no levels", picture.name(), e); // the fit leaves it out, and says so
      }
    }
    long tail = LongStream.of(counts).sum() / ONE_OF;
    int black = 0;
    for (long below = counts[0]; below <= tail && black < 0xffff; below += counts[black]) {
      black++;
    }
    int white = 0xffff;
    for (long above = counts[0xffff]; above <= tail && white > 0; above += counts[white]) {
      white--;
    }
    return black < white ? Optional.of(new Interpretation.Levels(black, white)) : Optional.empty();
  }

  /** How the files are understood. */
  public Interpretation interpretation() {
    return how;
  }

  /** What lies in the folders beside picture files. */
  public PassedOver passedOver() {
    return passedOver;
  }

  /** What was left out. */
  public List<Skipped> skipped() {
    return skipped;
  }

  @Override
  public int size() {
    return pictures.size();
  }

  /** How large a picture is, as its header says. */
  public PictureSize size(int index) {
    return pictures.get(index).size();
  }

  /** Where a picture lies. */
  public Path file(int index) {
    return pictures.get(index).file();
  }

  /**
   * Decodes a picture.
   *
   * @throws IllegalArgumentException naming the file, if it does not decode after all, or cannot be
   *     read any more
   */
  @Override
  public PixelImage image(int index) {
    return read(index).pixels();
  }

  /** As {@link #image}, with what was repaired. */
  public DecodedImage read(int index) {
    Picture picture = pictures.get(index);
    try {
      return DECODER.read(Files.readAllBytes(picture.file()), how);
    } catch (ImageRejectedException e) {
      throw new IllegalArgumentException(picture.name() + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          picture.name() + " cannot be read any more: " + e.getMessage(), e);
    }
  }

  @Override
  public String name(int index) {
    return pictures.get(index).name();
  }
}
