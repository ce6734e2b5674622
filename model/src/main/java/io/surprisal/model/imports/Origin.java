package io.surprisal.model.imports;

import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.model.release.Safetensors;
import java.util.List;
import java.util.Map;

/** The implementations whose models can be imported. */
public enum Origin {
  /** github.com/addtt/variational-diffusion-models, in PyTorch. */
  VDM_PYTORCH("vdm-pytorch", new VdmPytorch()),
  /** github.com/google-research/vdm, in JAX and Flax: the paper's own code. */
  VDM_FLAX("vdm-flax", new VdmFlax());

  /** What differs between implementations. */
  interface Implementation {

    /**
     * What its options say.
     *
     * @param tensors by its names, for what its options leave to the data
     * @throws ReleaseException listing every option that is missing or cannot be imported
     * @throws IllegalArgumentException if the options' values are impossible together
     */
    ModelConfiguration configuration(
        ForeignOptions options, Map<String, Safetensors.Tensor> tensors) throws ReleaseException;

    /** Its tensors, which together are all parameters of the layout. */
    List<ForeignTensor> tensors(ModelConfiguration configuration, ParameterLayout layout);
  }

  private final String name;
  private final Implementation implementation;

  Origin(String name, Implementation implementation) {
    this.name = name;
    this.implementation = implementation;
  }

  Implementation implementation() {
    return implementation;
  }

  /** As users name it: {@code vdm-pytorch}, {@code vdm-flax}. */
  @Override
  public String toString() {
    return name;
  }
}
