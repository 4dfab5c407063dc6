#include <fanin/core/fail.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/ops/normalization.hpp>

namespace fanin::nn {
namespace {

Tensor value_of(const ParameterRef& parameter) { return parameter ? parameter->use() : Tensor(); }

}  // namespace

BatchNorm::BatchNorm(BatchNormOptions options, int rank) : options_(std::move(options)), rank_(rank) {
  const Index features = options_.features;
  if (features < 1) fail("BatchNorm: features must be at least 1, got {}", features);
  if (options_.affine) {
    weight = add_parameter("weight", {features}, init::ones(), {features, features}, options_.weight_init);
    bias = add_parameter("bias", {features}, init::zeros(), {features, features}, options_.bias_init);
  }
  running_mean = add_buffer("running_mean", Tensor::zeros({features}));
  running_var = add_buffer("running_var", Tensor::ones({features}));
}

BatchNorm::BatchNorm(const BatchNorm& other)
    : Module(other),
      weight(other.weight),
      bias(other.bias),
      running_mean(own_buffers()[0].value),
      running_var(own_buffers()[1].value),
      freeze_statistics(other.freeze_statistics),
      options_(other.options_),
      rank_(other.rank_) {}

std::string BatchNorm::describe() const { return fmt::format("{}({})", kind(), options_.features); }

Tensor BatchNorm::forward(const Tensor& x) {
  if (x.rank() != rank_)
    fail("{}: input must have {} dimensions, got shape {}", kind(), rank_, x.shape().to_string());
  return ops::batch_norm(
      x, value_of(weight), value_of(bias), running_mean, running_var,
      {.training = training() && !freeze_statistics, .momentum = options_.momentum, .eps = options_.eps});
}

LayerNorm::LayerNorm(LayerNormOptions options) : options_(std::move(options)) {
  const Index features = options_.features;
  if (features < 1) fail("LayerNorm: features must be at least 1, got {}", features);
  weight = add_parameter("weight", {features}, init::ones(), {features, features}, options_.weight_init);
  bias = add_parameter("bias", {features}, init::zeros(), {features, features}, options_.bias_init);
}

std::string LayerNorm::describe() const { return fmt::format("LayerNorm({})", options_.features); }

Tensor LayerNorm::forward(const Tensor& x) {
  return ops::layer_norm(x, {options_.features}, weight->use(), bias->use(), options_.eps);
}

GroupNorm::GroupNorm(GroupNormOptions options) : options_(std::move(options)) {
  const auto& o = options_;
  if (o.groups < 1 || o.channels < 1 || o.channels % o.groups != 0) {
    fail("GroupNorm: channels={} must be a positive multiple of groups={}", o.channels, o.groups);
  }
  weight = add_parameter("weight", {o.channels}, init::ones(), {o.channels, o.channels}, o.weight_init);
  bias = add_parameter("bias", {o.channels}, init::zeros(), {o.channels, o.channels}, o.bias_init);
}

std::string GroupNorm::describe() const {
  return fmt::format("GroupNorm({}, {})", options_.groups, options_.channels);
}

Tensor GroupNorm::forward(const Tensor& x) {
  return ops::group_norm(x, options_.groups, weight->use(), bias->use(), options_.eps);
}

}  // namespace fanin::nn
