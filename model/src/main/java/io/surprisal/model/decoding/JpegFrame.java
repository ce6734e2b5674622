package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.JpegMarker.SOF2;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What a frame header says (ITU-T T.81, B.2.2).
 *
 * @param components one (grey), three or four
 */
record JpegFrame(int width, int height, boolean progressive, List<Component> components) {

  /** Of each sample; those of twelve bits are refused. */
  static final int BITS = 8;

  /**
   * A component with its sampling factors, 1 to 4 each.
   *
   * @param id as scans name it
   */
  record Component(int id, int across, int down) {}

  static JpegFrame read(int marker, ByteBuffer segment, DecodingLimits limits)
      throws ImageRejectedException {
    if (segment.remaining() < 6) {
      throw malformed("has a frame header of " + segment.remaining() + " bytes");
    }
    int precision = segment.get();
    int height = Short.toUnsignedInt(segment.getShort());
    int width = Short.toUnsignedInt(segment.getShort());
    int count = Byte.toUnsignedInt(segment.get());
    limits.check(width, height);
    if (precision != BITS) {
      throw new ImageRejectedException(
          Reason.UNSUPPORTED, "The JPEG has " + precision + " bits a sample; convert it to 8");
    }
    if (segment.remaining() != 3 * count) {
      throw malformed("has a frame header of the wrong length");
    }
    if (count != 1 && count != 3 && count != 4) {
      throw new ImageRejectedException(
          Reason.WRONG_CHANNELS,
          "The JPEG has %d components; grey has 1, colour 3, CMYK 4".formatted(count));
    }
    List<Component> components = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int id = Byte.toUnsignedInt(segment.get());
      int sampling = Byte.toUnsignedInt(segment.get());
      segment.get(); // the quantisation table
      Component component = new Component(id, sampling >> 4, sampling & 15);
      if (component.across < 1
          || component.across > 4
          || component.down < 1
          || component.down > 4) {
        throw malformed("has sampling factors of %02X".formatted(sampling));
      }
      components.add(component);
    }
    return new JpegFrame(width, height, marker == SOF2, List.copyOf(components));
  }

  /** Whether the components are called R, G and B. */
  boolean namedRgb() {
    return components.size() == 3
        && components.get(0).id == 'R'
        && components.get(1).id == 'G'
        && components.get(2).id == 'B';
  }

  /** Place of the component of a name; −1 where there is none. */
  int indexOf(int id) {
    for (int i = 0; i < components.size(); i++) {
      if (components.get(i).id == id) {
        return i;
      }
    }
    return -1;
  }

  /** Largest horizontal sampling factor. */
  int mostAcross() {
    int most = 1;
    for (Component component : components) {
      most = Math.max(most, component.across);
    }
    return most;
  }

  /** Largest vertical sampling factor. */
  int mostDown() {
    int most = 1;
    for (Component component : components) {
      most = Math.max(most, component.down);
    }
    return most;
  }

  /** Columns of minimum coded units where a scan has several components. */
  int unitsAcross() {
    return ceil(width, 8 * mostAcross());
  }

  /** Rows of minimum coded units where a scan has several components. */
  int unitsDown() {
    return ceil(height, 8 * mostDown());
  }

  /** Columns of blocks that carry samples of a component. */
  int blocksAcross(int component) {
    return ceil(ceil(width * components.get(component).across, mostAcross()), 8);
  }

  /** Rows of blocks that carry samples of a component. */
  int blocksDown(int component) {
    return ceil(ceil(height * components.get(component).down, mostDown()), 8);
  }

  private static int ceil(int value, int step) {
    return (value + step - 1) / step;
  }

  private static ImageRejectedException malformed(String what) {
    return new ImageRejectedException(Reason.MALFORMED, "The JPEG " + what);
  }
}
