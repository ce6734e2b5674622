package io.surprisal.topology.sources;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * How long something usually lasts that begins and ends again and again: pauses between images, or
 * runs of equal ones. The measure is the second longest of the last two weeks: what has happened
 * once may have been the incident, what has happened twice is a habit.
 *
 * <p>The bound is such that even memoryless spells (exponentially distributed, the widest that a
 * source without an order has) seldom reach it. Of n of them the second longest is near the level
 * that 2 in n exceed; the next one exceeds k times that level with probability E[(G/n)ᵏ], G of
 * Gamma(2): 24/n³ for k = 3, 120/n⁴ for k = 4. So with k = 4 from the {@value #ENOUGH}th to the
 * {@value #MANY}th and k = 3 from there on, 0.15 % and 0.03 % of all sources have one by chance;
 * and once the memory is full, 24/n² in two weeks.
 *
 * @param ended how many have ended, up to now
 * @param longest of the memory, the longest first, at most {@value #KEPT}
 */
record Spells(long ended, List<Spell> longest) {

  /** So many must have ended before anything is said of what is usual. */
  static final int ENOUGH = 30;

  /** From so many on it is well known what is usual. */
  private static final int MANY = 200;

  /** How many times longer than usual is not usual. */
  private static final int FACTOR = 3;

  /** The same as long as little is known. */
  private static final int FIRST_FACTOR = 4;

  private static final int KEPT = 8;
  private static final long MEMORY_MILLIS = 14L * 24 * 3600 * 1000;

  static final Spells NONE = new Spells(0, List.of());

  /**
   * One that has ended.
   *
   * @param length in the unit of the spells
   * @param at milliseconds watched at its end
   */
  record Spell(double length, long at) {}

  Spells {
    longest = List.copyOf(longest);
  }

  /** With one more that has ended now. */
  Spells with(double length, long watched) {
    boolean expired = longest.stream().anyMatch(spell -> isOver(spell, watched));
    if (!expired && longest.size() == KEPT && length <= longest.get(KEPT - 1).length()) {
      return new Spells(ended + 1, longest);
    }
    List<Spell> kept = new ArrayList<>(longest);
    kept.removeIf(spell -> isOver(spell, watched));
    int place = 0;
    while (place < kept.size() && kept.get(place).length() >= length) {
      place++;
    }
    kept.add(place, new Spell(length, watched));
    return new Spells(ended + 1, kept.size() > KEPT ? kept.subList(0, KEPT) : kept);
  }

  private static boolean isOver(Spell spell, long watched) {
    return watched - spell.at() > MEMORY_MILLIS;
  }

  /** The second longest of the memory; empty as long as it holds too few. */
  OptionalDouble usual(long watched) {
    List<Spell> remembered = longest.stream().filter(spell -> !isOver(spell, watched)).toList();
    return ended < ENOUGH || remembered.size() < KEPT
        ? OptionalDouble.empty()
        : OptionalDouble.of(remembered.get(1).length());
  }

  /** Where it begins to be unusual, at least {@code least}; empty as long as that is not known. */
  OptionalDouble limit(double least, long watched) {
    OptionalDouble usual = usual(watched);
    return usual.isEmpty()
        ? usual
        : OptionalDouble.of(
            Math.max(least, (ended < MANY ? FIRST_FACTOR : FACTOR) * usual.getAsDouble()));
  }

  void write(DataOutputStream out) throws IOException {
    out.writeLong(ended);
    out.writeByte(longest.size());
    for (Spell spell : longest) {
      out.writeDouble(spell.length());
      out.writeLong(spell.at());
    }
  }

  static Spells read(DataInputStream in) throws IOException {
    long ended = in.readLong();
    int kept = in.readByte();
    List<Spell> longest = new ArrayList<>();
    for (int i = 0; i < kept; i++) {
      longest.add(new Spell(in.readDouble(), in.readLong()));
    }
    return new Spells(ended, longest);
  }
}
