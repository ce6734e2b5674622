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
 * github.com/google-research/vdm at dc27b98, names joined by {@code /}. Dense kernels are (in,
 * out), convolutions (height, width, in, out); q, k and v are separate. What it does not make an
 * option: one attention head, 32 groups with ε = 1e-6, Fourier exponents 6 and 7 with those of a
 * channel side by side, and a scalar beside the time embedding. The images' channels are those of
 * the last convolution.
 */
final class VdmFlax implements Origin.Implementation {
  private static final int LEVELS = 256;
  private static final int GROUPS = 32;
  private static final double NORM_EPSILON = 1e-6;
  private static final List<Integer> FOURIER_EXPONENTS = List.of(6, 7);
  private static final String LAST = "score_model/conv_out/kernel";
  private static final Map<String, Schedule> SCHEDULES =
      new TreeMap<>(
          Map.of(
              "fixed", Schedule.FIXED_LINEAR,
              "learnable_scalar", Schedule.LEARNED_SCALAR,
              "learnable_nnet", Schedule.LEARNED_MONOTONE_FREE));

  @Override
  public ModelConfiguration configuration(
      ForeignOptions options, Map<String, Safetensors.Tensor> tensors) throws ReleaseException {
    int levels = options.integer("vocab_size");
    options.demand(
        levels == LEVELS, "vocab_size is " + levels + ", only images of 256 levels are modelled");
    int embedding = options.integer("sm_n_embd");
    int blocks = options.integer("sm_n_layer");
    double dropout = options.number("sm_pdrop");
    boolean fourier = options.flag("with_fourier_features");
    boolean attentionEverywhere = options.flag("with_attention");
    Optional<Schedule> schedule = options.choice(SCHEDULES, "gamma_type", "gamma_type");
    double gammaMin = options.number("gamma_min");
    double gammaMax = options.number("gamma_max");
    int channels = channels(options, tensors);
    Optional<List<Integer>> shape =
        options
            .integers("shape_nhwc", 4)
            .map(s -> s.subList(1, 4))
            .or(() -> options.integers("image_shape", 3));
    shape.ifPresent(
        s ->
            options.demand(
                s.get(2) == channels,
                "the image shape has " + s.get(2) + " channels, " + LAST + " has " + channels));
    ImageSize size = options.imageSize(shape.map(s -> new ImageSize(s.get(0), s.get(1))));
    options.check();
    return new ModelConfiguration(
        channels,
        size.height(),
        size.width(),
        embedding,
        blocks,
        List.of(),
        1,
        attentionEverywhere,
        GROUPS,
        NORM_EPSILON,
        fourier ? FOURIER_EXPONENTS : List.of(),
        ModelConfiguration.FourierOrder.CHANNEL_MAJOR,
        true,
        ModelConfiguration.Prediction.EPSILON,
        dropout,
        gammaMin,
        gammaMax,
        schedule.orElseThrow());
  }

  private static int channels(ForeignOptions options, Map<String, Safetensors.Tensor> tensors) {
    Safetensors.Tensor last = tensors.get(LAST);
    int channels = last != null && last.shape().size() == 4 ? last.shape().get(3) : 0;
    options.demand(
        channels > 0, "the tensors lack a convolution " + LAST + ", which tells the channels");
    return channels;
  }

  @Override
  public List<ForeignTensor> tensors(ModelConfiguration c, ParameterLayout layout) {
    ForeignLayout.Builder tensors = new ForeignLayout.Builder(layout);
    schedule(tensors, c.schedule());
    dense(tensors, "network.condition.0", "score_model/dense0");
    dense(tensors, "network.condition.1", "score_model/dense1");
    convolution(tensors, "network.first", "score_model/conv_in");
    for (int i = 0; i < c.blocks(); i++) {
      block(tensors, "network.down." + i, "score_model/down.block_" + i);
      if (c.attentionEverywhere()) {
        attention(tensors, c, "network.down." + i + ".attention", "score_model/down.attn_" + i);
      }
    }
    block(tensors, "network.middle.0", "score_model/mid.block_1");
    attention(tensors, c, "network.attention", "score_model/mid.attn_1");
    block(tensors, "network.middle.1", "score_model/mid.block_2");
    for (int i = 0; i <= c.blocks(); i++) {
      String up = "network.up." + i;
      block(tensors, up, "score_model/up.block_" + i);
      dense(tensors, up + ".shortcut", "score_model/up.block_" + i + "/nin_shortcut");
      if (c.attentionEverywhere()) {
        attention(tensors, c, up + ".attention", "score_model/up.attn_" + i);
      }
    }
    norm(tensors, "network.last.norm", "score_model/GroupNorm_0");
    convolution(tensors, "network.last.conv", "score_model/conv_out");
    return tensors.build();
  }

  private static void schedule(ForeignLayout.Builder tensors, Schedule schedule) {
    switch (schedule) {
      case FIXED_LINEAR -> {}
      case LEARNED_SCALAR -> tensors.same("schedule.b", "gamma/b").same("schedule.w", "gamma/w");
      case LEARNED_MONOTONE_FREE -> MonotoneNetwork.add(tensors, "gamma/l%d/%s");
      default -> throw new IllegalArgumentException("vdm-flax has no schedule " + schedule);
    }
  }

  private static void block(ForeignLayout.Builder tensors, String name, String foreign) {
    norm(tensors, name + ".norm1", foreign + "/GroupNorm_0");
    convolution(tensors, name + ".conv1", foreign + "/conv1");
    tensors.dense(name + ".condition.weight", foreign + "/cond_proj/kernel");
    norm(tensors, name + ".norm2", foreign + "/GroupNorm_1");
    convolution(tensors, name + ".conv2", foreign + "/conv2");
  }

  private static void attention(
      ForeignLayout.Builder tensors, ModelConfiguration c, String name, String foreign) {
    norm(tensors, name + ".norm", foreign + "/GroupNorm_0");
    int e = c.embedding();
    List<String> parts = List.of("q", "k", "v");
    for (int i = 0; i < parts.size(); i++) {
      String part = foreign + "/" + parts.get(i);
      tensors
          .slice(name + ".qkv.weight", part + "/kernel", List.of(e, e), i)
          .slice(name + ".qkv.bias", part + "/bias", List.of(e), i);
    }
    dense(tensors, name + ".out", foreign + "/proj_out");
  }

  private static void norm(ForeignLayout.Builder tensors, String name, String foreign) {
    tensors.same(name + ".weight", foreign + "/scale").same(name + ".bias", foreign + "/bias");
  }

  private static void dense(ForeignLayout.Builder tensors, String name, String foreign) {
    tensors.dense(name + ".weight", foreign + "/kernel").same(name + ".bias", foreign + "/bias");
  }

  private static void convolution(ForeignLayout.Builder tensors, String name, String foreign) {
    tensors
        .convolution(name + ".weight", foreign + "/kernel")
        .same(name + ".bias", foreign + "/bias");
  }
}
