package io.surprisal.model.network;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SymbolBlock;
import ai.djl.training.ParameterStore;
import io.surprisal.model.network.ModelConfiguration.Level;
import io.surprisal.model.runtime.Constants;
import io.surprisal.model.runtime.Convolutions;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.runtime.TorchRuntime;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The denoising network ε̂_θ(z_t; γ_t) of the paper (arXiv 2107.00630, appendix B.1): n blocks
 * down, two in the middle around one attention, n + 1 up that concatenate the skip, Fourier
 * features on the input, and z added to the output. The paper's network has one resolution; coarser
 * levels may follow it, each at half the resolution of the one before (space to depth on the way
 * down, depth to space on the way up), with blocks and a width of its own.
 *
 * <p>The forward pass is one TorchScript module, written at start-up from the readable text
 * resource {@code likelihood_network.torchscript}: one call into native code instead of several
 * hundred. The module holds no parameters; they are passed in as one flat vector, so that
 * optimiser, moving average and release stay on this side.
 *
 * <p>Owns the native module; {@link #close()} frees it. Threads may share an instance.
 */
public final class LikelihoodNetwork implements AutoCloseable {
  private static final String TEXT = "likelihood_network.torchscript";

  private final ModelConfiguration configuration;
  private final boolean training;
  private final Precision precision;
  private final Model model;
  private final SymbolBlock module;

  /**
   * Loads the module.
   *
   * @param training true: keeps the graph for a backward pass and applies dropout; false: inference
   */
  public LikelihoodNetwork(
      ModelConfiguration configuration, Device device, boolean training, Precision precision) {
    this(configuration, device, training, precision, Convolutions.block(device));
  }

  /** With convolutions of whole blocks of so many channels, filled up with zeros. */
  LikelihoodNetwork(
      ModelConfiguration configuration,
      Device device,
      boolean training,
      Precision precision,
      int block) {
    this.configuration = configuration;
    this.training = training;
    this.precision = precision;
    model = TorchRuntime.newModel("likelihood-network", device);
    try (InputStream archive =
        new ByteArrayInputStream(TorchScriptArchive.write("LikelihoodNetwork", text(block)))) {
      model.load(archive, Map.of());
    } catch (IOException | MalformedModelException e) {
      model.close();
      throw new IllegalStateException("the likelihood network does not load into PyTorch", e);
    }
    module = (SymbolBlock) model.getBlock();
    if (training) { // DJL would do it in the first forward pass, where threads race for it
      module.initialize(
          model.getNDManager(),
          DataType.FLOAT32,
          new Shape(1, configuration.channels(), configuration.height(), configuration.width()),
          new Shape(1),
          new Shape(1),
          new Shape(ParameterLayout.of(configuration).size()));
    }
  }

  /** A float32 network. */
  public LikelihoodNetwork(ModelConfiguration configuration, Device device, boolean training) {
    this(configuration, device, training, Precision.FLOAT32);
  }

  /** The arithmetic of the forward pass. */
  public Precision precision() {
    return precision;
  }

  /** The manager of the device on which the network runs; closed with the network. */
  public NDManager manager() {
    return model.getNDManager();
  }

  /**
   * Predicts what the configuration says, with a conditioning input of 0 where there is one.
   *
   * @param z noisy images {@code [batch, channels, height, width]}, float32; or float64, which only
   *     the Fourier features use
   * @param gamma −log SNR of each image {@code [batch]}, float32 or float64
   * @param parameters the network's part of the flat vector, from {@link
   *     ParameterLayout#scheduleSize()} on; float64 in that precision
   * @return ε̂ or v̂ {@code [batch, channels, height, width]}, float32 or in that precision
   *     float64, owned by the manager of {@code z}
   */
  public NDArray predict(NDArray z, NDArray gamma, NDArray parameters) {
    return predict(z, gamma, gamma.getManager().zeros(gamma.getShape()), parameters);
  }

  /**
   * Predicts what the configuration says.
   *
   * @param conditioning one number an image, {@code [batch]}; read only where the network has a
   *     conditioning input
   */
  public NDArray predict(NDArray z, NDArray gamma, NDArray conditioning, NDArray parameters) {
    double range = configuration.gammaMax() - configuration.gammaMin();
    NDArray time = Constants.times(gamma.sub((float) configuration.gammaMin()), 1 / range);
    return module
        .forward(
            new ParameterStore(z.getManager(), false),
            new NDList(z, time, conditioning, parameters),
            training)
        .singletonOrThrow();
  }

  @Override
  public void close() {
    model.close();
  }

  private String text(int block) {
    ModelConfiguration c = configuration;
    int e = c.embedding();
    boolean epsilon = c.prediction() == ModelConfiguration.Prediction.EPSILON;
    boolean channelMajor = c.fourierOrder() == ModelConfiguration.FourierOrder.CHANNEL_MAJOR;
    // In turns: what is left of z · 2ⁿ after whole turns is exact, where 2ⁿ·2π·z would round.
    List<String> frequencies =
        c.fourierExponents().stream().map(n -> literal(Math.scalb(1.0, n))).toList();
    Map<String, Object> values =
        Map.ofEntries(
            Map.entry("sizes", ParameterLayout.of(c).networkSizes()),
            Map.entry("E", e),
            Map.entry("E/2", e / 2),
            Map.entry("4E", 4 * e),
            Map.entry("levels", c.levels().size()),
            Map.entry("widths", c.levels().stream().map(Level::width).toList()),
            Map.entry("blocks", c.levels().stream().map(Level::blocks).toList()),
            Map.entry("block", block),
            Map.entry("C", c.channels()),
            Map.entry("heads", c.attentionHeads()),
            Map.entry("everywhere", c.attentionEverywhere() ? "True" : "False"),
            Map.entry("conditioning", c.conditioningInput() ? "True" : "False"),
            Map.entry("z", epsilon ? "True" : "False"),
            Map.entry("channelMajor", channelMajor ? "True" : "False"),
            Map.entry("dtype", precision.scalarType()),
            Map.entry("wide", precision.wideScalarType()),
            Map.entry("groups", c.groups()),
            Map.entry("epsilon", literal(c.normEpsilon())),
            Map.entry("-ln(1e4)/(E/2-1)", literal(-Math.log(1e4) / (e / 2.0 - 1))),
            Map.entry("frequencies", frequencies),
            Map.entry("frequencies.size", frequencies.size()),
            Map.entry("2pi", literal(2 * Math.PI)),
            Map.entry("dropout", literal(c.dropout())),
            Map.entry("training", training && c.dropout() > 0 ? "True" : "False"));
    String text = resource();
    for (Map.Entry<String, Object> value : values.entrySet()) {
      text = text.replace("{{" + value.getKey() + "}}", value.getValue().toString());
    }
    return text;
  }

  /** A floating-point literal that TorchScript reads back to the same double. */
  private static String literal(double value) {
    return String.format(Locale.ROOT, "%.17e", value);
  }

  private static String resource() {
    try (InputStream in = LikelihoodNetwork.class.getResourceAsStream(TEXT)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("the jar lacks " + TEXT, e);
    }
  }
}
