#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/start/propagation.hpp>

namespace fanin::start {
namespace {

double average(const Tensor& values) { return moments(values.values()).mean; }

}  // namespace

Tensor Signal::variance() const {
  Tensor all = second.clone();
  for (Index i = 0; i < all.numel(); ++i) {
    const real m = mean.data()[i];
    all.data()[i] = std::max(real(0), all.data()[i] - m * m);
  }
  return all;
}

double Signal::mean_average() const { return average(mean); }
double Signal::second_average() const { return average(second); }
double Signal::variance_average() const { return average(variance()); }

Signal white_noise(const Shape& shape) { return {Tensor::zeros(shape), Tensor::ones(shape)}; }

namespace {

/// Runs of places of one channel of one sample: an image's planes, the steps of a sequence [N, T, C].
struct Places {
  Index runs = 0, length = 1, step = 1, width = 1;
  explicit Places(const Shape& shape) : runs(shape.numel()) {
    if (shape.rank() == 4) length = shape[2] * shape[3], width = shape[3];
    if (shape.rank() == 3) length = width = shape[1], step = shape[2];
    runs /= length;
  }
  Index first(Index run) const { return run / step * step * length + run % step; }
};

/// Of deviations from `mean`.
void correlate(Signal& signal, const Tensor& batch, double mean) {
  const Index samples = batch.size(0), size = batch.numel() / samples;
  const real* x = batch.data();
  double total = 0, pairs = 0;
  for (Index j = 0; j < size; ++j) {
    double sum = 0, squares = 0;
    for (Index n = 0; n < samples; ++n) {
      const double value = static_cast<double>(x[n * size + j]) - mean;
      sum += value;
      squares += value * value;
    }
    total += squares / static_cast<double>(samples);
    const auto count = static_cast<double>(samples);
    pairs += samples > 1 ? (sum * sum - squares) / (count * (count - 1)) : sum * sum;
  }
  if (!(total > 0)) return;
  signal.across = std::clamp(pairs / total, 0.0, 1.0);
  const Places places(batch.shape());
  double neighbours = 0, distant = 0, near_squares = 0, squares = 0;
  for (Index run = 0; run < places.runs; ++run) {
    const real* at = x + places.first(run);
    double sum = 0, own = 0;
    for (Index i = 0; i < places.length; ++i) {
      const double value = static_cast<double>(at[i * places.step]) - mean;
      sum += value;
      own += value * value;
      if (i % places.width + 1 == places.width) continue;
      const double next = static_cast<double>(at[(i + 1) * places.step]) - mean;
      neighbours += value * next;
      near_squares += (value * value + next * next) / 2;
    }
    distant += (sum * sum - own) / std::max(1.0, static_cast<double>(places.length - 1));
    squares += own;
  }
  if (near_squares > 0) signal.near = std::clamp(neighbours / near_squares, 0.0, 1.0);
  if (places.length > 1) signal.far = std::clamp(distant / squares, 0.0, 1.0);
}

}  // namespace

Signal signal_of(const Tensor& batch, Index count) {
  const Index samples = batch.size(0), size = batch.numel() / samples;
  Shape shape = batch.shape();
  shape.set(0, count);
  // Over draws of the weights that read it, a mean is spread as the rest.
  Signal signal{Tensor::zeros(shape), Tensor(shape)};
  for (Index j = 0; j < size; ++j) {
    double squares = 0;
    for (Index n = 0; n < samples; ++n) {
      const auto value = static_cast<double>(batch.data()[n * size + j]);
      squares += value * value;
    }
    for (Index n = 0; n < count; ++n)
      signal.second.data()[n * size + j] = static_cast<real>(squares / static_cast<double>(samples));
  }
  correlate(signal, batch, 0);
  return signal;
}

double correlation_at(const Signal& signal, double lag) {
  const double beyond =
      signal.far < 1 ? std::clamp((signal.near - signal.far) / (1 - signal.far), 0.0, 1.0) : 0;
  return signal.far + (1 - signal.far) * std::pow(beyond, lag);
}

const std::map<std::string_view, PropagationRule>& propagation_rules() {
  static const std::map<std::string_view, PropagationRule> rules = {
      {"linear", weight_rule},
      {"conv2d", weight_rule},
      {"conv_transpose2d", weight_rule},
      {"matmul", weight_rule},
      {"activation", pointwise_rule},
      {"prelu", pointwise_rule},
      {"exp", pointwise_rule},
      {"log", pointwise_rule},
      {"sqrt", pointwise_rule},
      {"abs", pointwise_rule},
      {"pow", pointwise_rule},
      {"clamp", pointwise_rule},
      {"dropout", dropout_rule},
      {"add", sum_rule},
      {"sub", sum_rule},
      {"mul", product_rule},
      {"div", quotient_rule},
      {"batch_norm", batch_norm_rule},
      {"layer_norm", row_norm_rule},
      {"group_norm", row_norm_rule},
      {"max_pool2d", max_pool_rule},
      {"avg_pool2d", average_rule},
      {"adaptive_avg_pool2d", average_rule},
      {"mean", average_rule},
      {"sum", total_rule},
      {"reshape", moving_rule},
      {"transpose", moving_rule},
      {"permute", moving_rule},
      {"slice", moving_rule},
      {"index", moving_rule},
      {"concat", concat_rule},
  };
  return rules;
}

Signal measured_rule(const Propagation& signals, std::size_t op) {
  const Tensor& output = signals.graph().ops[op].ran.output;
  const auto [mean, std] = moments(output.values());
  const double factor = signals.factor(op);
  Signal y{
      .mean = Tensor::full(output.shape(), static_cast<real>(factor * mean)),
      .second = Tensor::full(output.shape(), static_cast<real>(factor * factor * (mean * mean + std * std))),
      .measured = true};
  if (output.rank() > 1) correlate(y, output, mean);
  return y;
}

Propagation::Propagation(const Graph& graph, Signal input)
    : graph_(graph), input_(std::move(input)), signals_(graph.ops.size()), roots_(roots_of(graph)) {
  run(0, signals_.size());
}

void Propagation::run(std::size_t from, std::size_t to) {
  const NoGrad no_grad;
  followed_.clear();
  for (std::size_t i = from; i < to; ++i) {
    const auto rule = propagation_rules().find(graph_.ops[i].ran.name);
    if (roots_[i])
      signals_[i] = pointwise_rule(*this, i);
    else
      signals_[i] = rule == propagation_rules().end() ? measured_rule(*this, i) : rule->second(*this, i);
    // A logarithm of what a normal may well be, say.
    if (!std::isfinite(signals_[i].second_average())) signals_[i] = measured_rule(*this, i);
    for (const Producer& source : graph_.ops[i].from)
      if (source && signals_[*source].measured) signals_[i].measured = true;
  }
}

Signal Propagation::input(std::size_t op, std::size_t i) const {
  const GraphOp& one = graph_.ops[op];
  if (one.from[i]) return signals_[*one.from[i]];
  const Tensor& values = one.ran.inputs[i];
  if (values.same_as(graph_.input)) return input_;
  Tensor squares = values.clone();
  for (real& x : squares.values()) x *= x;
  return {values, squares, 1, 1, 1};
}

double Propagation::factor(std::size_t op) const {
  const auto known = factors_.find(graph_.ops[op].weight);
  return known == factors_.end() ? 1 : known->second;
}

Tensor Propagation::weight_squares(std::size_t op) const {
  const Tensor& weight = graph_.ops[op].multiplier();
  const double factor = this->factor(op);
  const bool matrices = graph_.ops[op].ran.name == std::string_view("matmul");
  const Index channels = matrices ? weight.numel() : weight.size(0) * weight.size(1),
              taps = weight.numel() / channels;
  Tensor squares(weight.shape());
  for (Index tap = 0; tap < taps; ++tap) {
    double sum = 0;
    for (Index c = 0; c < channels; ++c) {
      const auto w = static_cast<double>(weight.data()[c * taps + tap]);
      sum += w * w;
    }
    const auto mean = static_cast<real>(factor * factor * sum / static_cast<double>(channels));
    for (Index c = 0; c < channels; ++c) squares.data()[c * taps + tap] = mean;
  }
  return squares;
}

}  // namespace fanin::start
