package io.surprisal.model.network;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Where each named parameter lies in the one flat vector that holds them all. A flat vector lets
 * the optimiser, the moving average and the gradient norm be a few operations on one array instead
 * of a few hundred on many small ones.
 *
 * <p>The schedule's parameters come first, then the network's in the order in which the network
 * reads them.
 */
public final class ParameterLayout {

  /**
   * One parameter.
   *
   * @param name dotted name, as in the release file
   * @param shape dense weights are (out, in), convolutions (out, in, height, width)
   * @param offset index of its first element in the flat vector
   * @param initialisation how it starts
   */
  public record Entry(String name, List<Integer> shape, int offset, Initialisation initialisation) {
    /** Number of elements. */
    public int size() {
      return shape.stream().reduce(1, Math::multiplyExact);
    }
  }

  /** How a parameter starts. */
  public enum Initialisation {
    ZERO,
    ONE,
    /** U(−1/√fan_in, 1/√fan_in). */
    UNIFORM_FAN_IN,
    /** Where a learned schedule starts: γ_min. */
    GAMMA_MIN,
    /** What a learned schedule rises by: γ_max − γ_min. */
    GAMMA_RANGE,
    /** N(0, 0.01²), of the monotone network. */
    NORMAL_HUNDREDTH
  }

  /** Hidden units of the monotone network (arXiv 2107.00630, appendix H). */
  public static final int MONOTONE_WIDTH = 1024;

  /** Parameters of the end points of a normalised schedule: γ(0) and |γ(1) − γ(0)|. */
  public static final int END_POINTS = 2;

  private final List<Entry> entries = new ArrayList<>();
  private final List<Integer> fanIns = new ArrayList<>();
  private final int scheduleEntries;
  private final boolean interior;
  private int size;

  private ParameterLayout(ModelConfiguration c) {
    interior = c.schedule() == ModelConfiguration.Schedule.LEARNED_MONOTONE;
    schedule(c.schedule());
    scheduleEntries = entries.size();
    int e = c.embedding();
    dense("network.condition.0", 4 * e, e + (c.conditioningInput() ? 1 : 0));
    dense("network.condition.1", 4 * e, 4 * e);
    int inputs = c.channels() * (1 + 2 * c.fourierExponents().size());
    convolution("network.first", e, inputs, 3, Initialisation.UNIFORM_FAN_IN);
    int coarsest = c.levels().size() - 1;
    int down = 0;
    for (int level = 0; level <= coarsest; level++) {
      int width = c.levels().get(level).width();
      if (level > 0) {
        int finer = c.levels().get(level - 1).width();
        convolution("network.coarser." + level, width, 4 * finer, 1, Initialisation.UNIFORM_FAN_IN);
      }
      for (int i = 0; i < c.levels().get(level).blocks(); i++) {
        block(c, "network.down." + down, width, width);
        down++;
      }
    }
    int middle = c.levels().get(coarsest).width();
    resnet("network.middle.0", middle, middle, e);
    attention("network.attention", middle);
    resnet("network.middle.1", middle, middle, e);
    int up = 0;
    for (int level = coarsest; level >= 0; level--) {
      int width = c.levels().get(level).width();
      for (int i = 0; i <= c.levels().get(level).blocks(); i++) {
        block(c, "network.up." + up, 2 * width, width);
        up++;
      }
      if (level > 0) {
        int finer = c.levels().get(level - 1).width();
        convolution("network.finer." + level, 4 * finer, width, 1, Initialisation.UNIFORM_FAN_IN);
      }
    }
    norm("network.last.norm", e);
    convolution("network.last.conv", c.channels(), e, 3, Initialisation.ZERO);
  }

  /**
   * The layout of a configuration's parameters; a pure function of it.
   *
   * @throws IllegalArgumentException if they are more than an array can hold
   */
  public static ParameterLayout of(ModelConfiguration configuration) {
    return new ParameterLayout(configuration);
  }

  /** The parameters in the order in which the schedules of the diffusion room read them. */
  private void schedule(ModelConfiguration.Schedule schedule) {
    switch (schedule) {
      case FIXED_LINEAR, FIXED_COSINE, FIXED_BETA_LINEAR -> {}
      case LEARNED_SCALAR -> {
        add("schedule.b", Initialisation.GAMMA_MIN, 1, 1);
        add("schedule.w", Initialisation.GAMMA_RANGE, 1, 1);
      }
      case LEARNED_MONOTONE -> {
        add("schedule.b", Initialisation.GAMMA_MIN, 1, 1);
        add("schedule.w", Initialisation.GAMMA_RANGE, 1, 1);
        add("schedule.l1.weight", Initialisation.ONE, 1, 1);
        monotoneLayers();
      }
      case LEARNED_MONOTONE_FREE -> {
        add("schedule.l1.bias", Initialisation.GAMMA_MIN, 1, 1);
        add("schedule.l1.weight", Initialisation.GAMMA_RANGE, 1, 1);
        monotoneLayers();
      }
    }
  }

  private void monotoneLayers() {
    add("schedule.l2.weight", Initialisation.NORMAL_HUNDREDTH, 1, MONOTONE_WIDTH);
    add("schedule.l2.bias", Initialisation.ZERO, 1, MONOTONE_WIDTH);
    add("schedule.l3.weight", Initialisation.NORMAL_HUNDREDTH, 1, MONOTONE_WIDTH);
  }

  private void attention(String name, int e) {
    norm(name + ".norm", e);
    convolution(name + ".qkv", 3 * e, e, 1, Initialisation.UNIFORM_FAN_IN);
    convolution(name + ".out", e, e, 1, Initialisation.ZERO);
  }

  private void block(ModelConfiguration c, String name, int in, int out) {
    resnet(name, in, out, c.embedding());
    if (c.attentionEverywhere()) {
      attention(name + ".attention", out);
    }
  }

  private void resnet(String name, int in, int out, int embedding) {
    norm(name + ".norm1", in);
    convolution(name + ".conv1", out, in, 3, Initialisation.UNIFORM_FAN_IN);
    add(name + ".condition.weight", Initialisation.ZERO, 4 * embedding, out, 4 * embedding);
    norm(name + ".norm2", out);
    convolution(name + ".conv2", out, out, 3, Initialisation.ZERO);
    if (in != out) {
      convolution(name + ".shortcut", out, in, 1, Initialisation.UNIFORM_FAN_IN);
    }
  }

  private void dense(String name, int out, int in) {
    add(name + ".weight", Initialisation.UNIFORM_FAN_IN, in, out, in);
    add(name + ".bias", Initialisation.UNIFORM_FAN_IN, in, out);
  }

  private void convolution(String name, int out, int in, int kernel, Initialisation start) {
    int fanIn = in * kernel * kernel;
    add(name + ".weight", start, fanIn, out, in, kernel, kernel);
    add(name + ".bias", start, fanIn, out);
  }

  private void norm(String name, int channels) {
    add(name + ".weight", Initialisation.ONE, 1, channels);
    add(name + ".bias", Initialisation.ZERO, 1, channels);
  }

  private void add(String name, Initialisation initialisation, int fanIn, int... shape) {
    Entry entry = new Entry(name, IntStream.of(shape).boxed().toList(), size, initialisation);
    entries.add(entry);
    fanIns.add(fanIn);
    if (entry.size() > Integer.MAX_VALUE - size) {
      throw new IllegalArgumentException(
          "model configuration: embedding and blocks make more than 2³¹ − 1 parameters; lower one");
    }
    size += entry.size();
  }

  /** All parameters in the order of the flat vector. */
  public List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** Length of the flat vector. */
  public int size() {
    return size;
  }

  /** Number of leading elements of the flat vector that belong to the noise schedule. */
  public int scheduleSize() {
    return scheduleEntries == entries.size() ? size : entries.get(scheduleEntries).offset();
  }

  /**
   * Index of the first parameter of a normalised schedule's interior; {@link #interiorEnd()} if
   * none.
   */
  public int interiorStart() {
    return interior ? END_POINTS : 0;
  }

  /** Index after the last parameter of a normalised schedule's interior; 0 if there is none. */
  public int interiorEnd() {
    return interior ? scheduleSize() : 0;
  }

  /** Sizes of the network's parameters, in order. */
  List<Integer> networkSizes() {
    return entries.subList(scheduleEntries, entries.size()).stream().map(Entry::size).toList();
  }

  int fanIn(int entry) {
    return fanIns.get(entry);
  }
}
