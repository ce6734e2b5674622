package io.surprisal.model.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.SingularValueDecomposition_F64;
import org.junit.jupiter.api.Test;

class PrincipalComponentsTest {

  @Test
  void shouldLeaveNothingOfWhatLiesInTheirPlane() {
    Random random = new Random(1);
    float[][] samples = new float[40][6];
    for (float[] sample : samples) {
      float a = (float) random.nextGaussian();
      float b = (float) random.nextGaussian();
      for (int i = 0; i < 6; i++) {
        sample[i] = 3 + a * i + b * (i % 2);
      }
    }

    PrincipalComponents components = PrincipalComponents.of(samples, 2, 1);

    assertThat(components.count()).isEqualTo(2);
    assertThat(components.residual(samples[7])).isCloseTo(0, within(1e-9));
    // orthogonal to both directions, so that all of its square is left
    float[] across = {-4, 0, 2, 0, -1, 0};
    float[] off = samples[7].clone();
    double square = 0;
    for (int i = 0; i < 6; i++) {
      off[i] += across[i];
      square += across[i] * across[i];
    }
    assertThat(components.residual(off)).isCloseTo(square / 6, within(1e-5));
  }

  /** What k directions leave of all samples is the sum of the other singular values' squares. */
  @Test
  void shouldLeaveAsLittleAsAnyDirectionsCan() {
    Random random = new Random(2);
    int n = 120;
    int d = 50;
    float[][] samples = new float[n][d];
    DMatrixRMaj centred = new DMatrixRMaj(n, d);
    double[] mean = new double[d];
    for (float[] sample : samples) {
      for (int i = 0; i < d; i++) {
        sample[i] = (float) (random.nextGaussian() / (1 + 0.2 * i));
        mean[i] += sample[i] / (double) n;
      }
    }
    for (int row = 0; row < n; row++) {
      for (int i = 0; i < d; i++) {
        centred.set(row, i, samples[row][i] - mean[i]);
      }
    }
    SingularValueDecomposition_F64<DMatrixRMaj> svd =
        DecompositionFactory_DDRM.svd(n, d, false, false, true);
    assertThat(svd.decompose(centred.copy())).isTrue();
    double[] squares = Arrays.stream(svd.getSingularValues()).map(s -> s * s).sorted().toArray();
    double least = Arrays.stream(squares, 0, d - 8).sum();

    PrincipalComponents components = PrincipalComponents.of(samples, 8, 1);

    double left = 0;
    for (float[] sample : samples) {
      left += d * components.residual(sample);
    }
    assertThat(left).isBetween(least * (1 - 1e-6), least * 1.001);
  }

  @Test
  void shouldTakeSamplesThatDoNotVary() {
    float[][] same = new float[5][4];

    assertThat(PrincipalComponents.of(same, 2, 1).residual(new float[4])).isZero();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PrincipalComponents.of(same, 5, 1))
        .withMessageContaining("5 components of 5 samples with 4 dimensions");
  }
}
