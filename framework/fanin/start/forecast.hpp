#pragma once
#include <optional>
#include <string>
#include <vector>

#include <fanin/init/second_moment.hpp>
#include <fanin/start/propagation.hpp>

namespace fanin::start {

/// What theory says of an op's output, beside what a batch shows.
struct OpForecast {
  std::string kind;    ///< of the op: "conv2d", "relu"
  std::string weight;  ///< the weight that it multiplies by, full name; empty for other ops
  std::string
      path;  ///< for those: the ops behind it until the next weight, a fork or the end, "add→relu→max_pool2d"
  Shape shape;           ///< of the output, without samples
  double predicted = 0;  ///< second moment, from the input's signal on
  double measured = 0;   ///< second moment on the batch
  double unsure = 0;     ///< share by which an addition's prediction may be off (`Propagation::unsure`)
  bool by_rule = true;   ///< false: `predicted` rests on a measurement, of this op or one before it
  std::optional<double>
      target;  ///< what `analytic` and `empirical` would give it; none where they aim elsewhere
};

/// Of every op of the model in training mode on `images` [N, …], whose moments `input` tells for two samples (one where N is 1).
/// The model's statistics, generators and mode are as before afterwards. Error for parameters without values.
std::vector<OpForecast> forecast(nn::Module& model, const Tensor& images, Signal input);

/// The activations of the model, each once, with what depth does to a signal behind it
/// (`init::second_moment_depth`).
std::vector<std::pair<std::string, init::SecondMomentDepth>> depths_of(const std::vector<OpForecast>& ops);

}  // namespace fanin::start
