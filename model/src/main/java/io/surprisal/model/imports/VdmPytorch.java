package io.surprisal.model.imports;

import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.model.release.Safetensors;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * github.com/addtt/variational-diffusion-models at 90a8b59. Its tensors have the shapes of this
 * implementation; only the names differ. What it does not make an option: ε = 1e-5 of group
 * normalisation, Fourier exponents 5 and 6 with the channels within each.
 */
final class VdmPytorch implements Origin.Implementation {
  private static final double NORM_EPSILON = 1e-5;
  private static final List<Integer> FOURIER_EXPONENTS = List.of(5, 6);
  private static final Map<String, Schedule> SCHEDULES =
      new TreeMap<>(
          Map.of(
              "fixed_linear", Schedule.FIXED_LINEAR,
              "learned_linear", Schedule.LEARNED_SCALAR,
              "nnet", Schedule.LEARNED_MONOTONE_FREE));

  @Override
  public ModelConfiguration configuration(
      ForeignOptions options, Map<String, Safetensors.Tensor> tensors) throws ReleaseException {
    int embedding = options.integer("embedding_dim");
    int blocks = options.integer("n_blocks");
    int heads = options.integer("n_attention_heads");
    double dropout = options.number("dropout_prob");
    int groups = options.integer("norm_groups");
    int channels = options.integer("input_channels");
    boolean fourier = options.flag("use_fourier_features");
    boolean attentionEverywhere = options.flag("attention_everywhere");
    Optional<Schedule> schedule = options.choice(SCHEDULES, "schedule", "noise_schedule");
    double gammaMin = options.number("gamma_min");
    double gammaMax = options.number("gamma_max");
    Optional<List<Integer>> shape = options.integers("image_shape", 3);
    shape.ifPresent(
        s ->
            options.demand(
                s.get(0) == channels,
                "image_shape has " + s.get(0) + " channels, input_channels is " + channels));
    ImageSize size = options.imageSize(shape.map(s -> new ImageSize(s.get(1), s.get(2))));
    options.check();
    return new ModelConfiguration(
        channels,
        size.height(),
        size.width(),
        embedding,
        blocks,
        heads,
        attentionEverywhere,
        groups,
        NORM_EPSILON,
        fourier ? FOURIER_EXPONENTS : List.of(),
        ModelConfiguration.FourierOrder.FREQUENCY_MAJOR,
        false,
        ModelConfiguration.Prediction.EPSILON,
        dropout,
        gammaMin,
        gammaMax,
        schedule.orElseThrow());
  }

  @Override
  public List<ForeignTensor> tensors(ModelConfiguration c, ParameterLayout layout) {
    ForeignLayout.Builder tensors = new ForeignLayout.Builder(layout);
    schedule(tensors, c.schedule());
    weightAndBias(tensors, "network.condition.0", "model.embed_conditioning.0");
    weightAndBias(tensors, "network.condition.1", "model.embed_conditioning.2");
    weightAndBias(tensors, "network.first", "model.conv_in");
    for (int i = 0; i < c.blocks(); i++) {
      upOrDown(tensors, c, "network.down." + i, "model.down_blocks." + i);
    }
    block(tensors, c, "network.middle.0", "model.mid_resnet_block_1");
    attention(tensors, "network.attention", "model.mid_attn_block");
    block(tensors, c, "network.middle.1", "model.mid_resnet_block_2");
    for (int i = 0; i <= c.blocks(); i++) {
      upOrDown(tensors, c, "network.up." + i, "model.up_blocks." + i);
      weightAndBias(
          tensors,
          "network.up." + i + ".shortcut",
          "model.up_blocks." + i + ".resnet_block.skip_conv");
    }
    weightAndBias(tensors, "network.last.norm", "model.conv_out.0");
    weightAndBias(tensors, "network.last.conv", "model.conv_out.2");
    return tensors.build();
  }

  private static void schedule(ForeignLayout.Builder tensors, Schedule schedule) {
    switch (schedule) {
      case FIXED_LINEAR -> {}
      case LEARNED_SCALAR ->
          tensors
              .reshaped("schedule.b", "gamma.b", List.of())
              .reshaped("schedule.w", "gamma.w", List.of());
      case LEARNED_MONOTONE_FREE -> MonotoneNetwork.add(tensors, "gamma.l%d_%s");
      default -> throw new IllegalArgumentException("vdm-pytorch has no schedule " + schedule);
    }
  }

  private static void upOrDown(
      ForeignLayout.Builder tensors, ModelConfiguration c, String name, String foreign) {
    block(tensors, c, name, foreign + ".resnet_block");
    if (c.attentionEverywhere()) {
      attention(tensors, name + ".attention", foreign + ".attention_block");
    }
  }

  private static void block(
      ForeignLayout.Builder tensors, ModelConfiguration c, String name, String foreign) {
    weightAndBias(tensors, name + ".norm1", foreign + ".net1.0");
    weightAndBias(tensors, name + ".conv1", foreign + ".net1.2");
    tensors.same(name + ".condition.weight", foreign + ".cond_proj.weight");
    weightAndBias(tensors, name + ".norm2", foreign + ".net2.0");
    // A dropout counts as a layer only where there is one.
    weightAndBias(tensors, name + ".conv2", foreign + (c.dropout() > 0 ? ".net2.3" : ".net2.2"));
  }

  private static void attention(ForeignLayout.Builder tensors, String name, String foreign) {
    weightAndBias(tensors, name + ".norm", foreign + ".layers.0");
    weightAndBias(tensors, name + ".qkv", foreign + ".layers.1");
    weightAndBias(tensors, name + ".out", foreign + ".layers.3");
  }

  private static void weightAndBias(ForeignLayout.Builder tensors, String name, String foreign) {
    tensors.same(name + ".weight", foreign + ".weight").same(name + ".bias", foreign + ".bias");
  }
}
