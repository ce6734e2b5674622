package io.surprisal.model.release;

import java.nio.ByteBuffer;

/** The floating-point types of the safetensors format, little-endian. */
enum FloatType {
  F64(8) {
    @Override
    float read(ByteBuffer data, int position) {
      return (float) data.getDouble(position);
    }
  },
  F32(4) {
    @Override
    float read(ByteBuffer data, int position) {
      return data.getFloat(position);
    }
  },
  F16(2) {
    @Override
    float read(ByteBuffer data, int position) {
      return ofHalf(data.getShort(position));
    }
  },
  /** The upper half of a float32. */
  BF16(2) {
    @Override
    float read(ByteBuffer data, int position) {
      return Float.intBitsToFloat(data.getShort(position) << 16);
    }
  };

  private static final int HALF_EXPONENT_BIAS = 15;
  private static final int HALF_MANTISSA_BITS = 10;

  private final int bytes;

  FloatType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  int bytes() {
    return bytes;
  }

  /** The element at a position in bytes; the nearest float32, which for F64 may be infinite. */
  abstract float read(ByteBuffer data, int position);

  /** IEEE 754 binary16: one sign bit, five of exponent, ten of mantissa. */
  private static float ofHalf(short bits) {
    int exponent = bits >> HALF_MANTISSA_BITS & 0x1f;
    int mantissa = bits & 0x3ff;
    float magnitude;
    if (exponent == 0x1f) {
      magnitude = mantissa == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
    } else if (exponent == 0) {
      magnitude = Math.scalb((float) mantissa, 1 - HALF_EXPONENT_BIAS - HALF_MANTISSA_BITS);
    } else {
      magnitude =
          Math.scalb(
              (float) (mantissa | 1 << HALF_MANTISSA_BITS),
              exponent - HALF_EXPONENT_BIAS - HALF_MANTISSA_BITS);
    }
    return bits < 0 ? -magnitude : magnitude;
  }
}
