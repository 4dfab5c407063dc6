#include <cmath>
#include <utility>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/memory.hpp>
#include <fanin/kernels/norm/batch_norm.hpp>
#include <fanin/kernels/norm/group_norm.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/normalization.hpp>
#include <fanin/ops/shared_batch.hpp>

namespace fanin::ops {
namespace {

struct BatchNormOp {
  static constexpr const char* name = "batch_norm";
  kernels::ChannelShape shape;
  real eps;
  double count;           // values a channel that mean and variance are of; 0: they are not the batch's
  bool shared;            // they are those of several parts of it
  Tensor mean, variance;  // what normalizes: the batch's own in training, else the running statistics
  Tensor x, gamma;

  auto saved() const { return std::array{x, needed(gamma, x)}; }
  NormFacts facts() const { return {.eps = static_cast<double>(eps), .training = count > 0}; }

  Tensor forward(const Tensor& input, const Tensor& scale, const Tensor& shift) {
    x = input, gamma = scale;
    Tensor y(x.shape());
    kernels::batch_norm_forward(shape, x.data(), mean.data(), variance.data(), data_or_null(gamma),
                                data_or_null(shift), eps, y.data());
    return y;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot_if_wanted(0), gg = grads.slot_if_wanted(1), gb = grads.slot_if_wanted(2);
    PoolVector<double> sums;
    if (count > 0 || gg.data || gb.data) {
      sums.resize(static_cast<std::size_t>(2 * shape.channels));
      kernels::batch_norm_sums(shape, x.data(), mean.data(), grad_output.data(), sums.data());
      kernels::batch_norm_backward_affine(shape.channels, variance.data(), eps, sums.data(),
                                          {gg.data, gg.accumulate, gb.data, gb.accumulate});
    }
    if (shared) SharedBatch::here().all(sums, add);  // gradients of weights are this part's own until here
    if (!gx.data) return;
    kernels::batch_norm_backward_data(shape, x.data(), mean.data(), variance.data(), data_or_null(gamma), eps,
                                      count > 0 ? sums.data() : nullptr, count, grad_output.data(), gx.data,
                                      gx.accumulate);
  }

  static void add(std::span<double> into, std::span<const double> more) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] += more[i];
  }
};

/// Moments of two parts as those of both (Chan et al. 1983): how many values a channel, then the channels' means,
/// then their sums of squared deviations.
void join_moments(std::span<double> into, std::span<const double> more) {
  const std::size_t channels = into.size() / 2;
  const double here = into[0], there = more[0], both = here + there;
  for (std::size_t c = 1; c <= channels; ++c) {
    const double apart = more[c] - into[c];
    into[c] += apart * there / both;
    into[channels + c] += more[channels + c] + apart * apart * here * there / both;
  }
  into[0] = both;
}

/// Puts the moments of all parts in place of this one's; returns how many values a channel they are of.
double share_moments(const SharedBatch& batch, const kernels::ChannelShape& shape, real* mean,
                     real* variance) {
  const auto channels = static_cast<std::size_t>(shape.channels);
  PoolVector<double> moments(1 + 2 * channels);
  const double own = static_cast<double>(shape.per_channel());
  moments[0] = own;
  for (std::size_t c = 0; c < channels; ++c) {
    moments[1 + c] = static_cast<double>(mean[c]);
    moments[1 + channels + c] = own * static_cast<double>(variance[c]);
  }
  batch.all(moments, join_moments);
  for (std::size_t c = 0; c < channels; ++c) {
    mean[c] = static_cast<real>(moments[1 + c]);
    variance[c] = static_cast<real>(moments[1 + channels + c] / moments[0]);
  }
  return moments[0];
}

/// Group and layer normalization: the latter is one group of channels of one element each.
template <class Kind>
struct RowNormOp {
  static constexpr const char* name = Kind::name;
  kernels::GroupShape shape;
  real eps;
  Tensor x, gamma, mean, inverse_std;

  auto saved() const { return std::array{x, needed(gamma, x)}; }
  NormFacts facts() const { return {.eps = static_cast<double>(eps), .rows = shape.rows()}; }

  Tensor forward(const Tensor& input, const Tensor& scale, const Tensor& shift) {
    x = input, gamma = scale;
    mean = Tensor({shape.rows()}), inverse_std = Tensor({shape.rows()});
    Tensor y(x.shape());
    kernels::group_norm_forward(shape, x.data(), data_or_null(gamma), data_or_null(shift), eps, y.data(),
                                mean.data(), inverse_std.data());
    return y;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot_if_wanted(0), gg = grads.slot_if_wanted(1), gb = grads.slot_if_wanted(2);
    kernels::group_norm_backward(shape, x.data(), mean.data(), inverse_std.data(), data_or_null(gamma),
                                 grad_output.data(),
                                 {gx.data, gx.accumulate, gg.data, gg.accumulate, gb.data, gb.accumulate});
  }
};
struct LayerNorm {
  static constexpr const char* name = "layer_norm";
};
struct GroupNorm {
  static constexpr const char* name = "group_norm";
};

real require_eps(const char* op, double eps) {
  if (!(eps >= 0) || !std::isfinite(eps)) fail("{}: eps {} must be a number of at least 0", op, eps);
  return static_cast<real>(eps);
}

/// running += momentum · (batch - running), the variance by its unbiased estimate.
void update_running(Index channels, double count, double momentum, const Tensor& batch_mean,
                    const Tensor& batch_variance, Tensor& running_mean, Tensor& running_var) {
  if (running_mean.defined())
    kernels::move_towards(channels, momentum, 1, batch_mean.data(), running_mean.data());
  if (running_var.defined()) {
    kernels::move_towards(channels, momentum, count / (count - 1), batch_variance.data(), running_var.data());
  }
}

thread_local const SharedBatch* batch_here = nullptr;

}  // namespace

SharedBatch::SharedBatch(OfAll of_all, bool moves_running)
    : of_all_(std::move(of_all)), moves_running_(moves_running), before_(std::exchange(batch_here, this)) {}
SharedBatch::~SharedBatch() { batch_here = before_; }
const SharedBatch* SharedBatch::current() { return batch_here; }
const SharedBatch& SharedBatch::here() {
  if (batch_here == nullptr)
    fail("batch_norm: its statistics were of a SharedBatch, which must live until the backward pass is done");
  return *batch_here;
}

Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, Tensor running_mean,
                  Tensor running_var, const BatchNormOptions& options) {
  const char* op = "batch_norm";
  require_defined(op, "input", x);
  if (x.rank() < 2)
    fail("{}: input must be [N, C] or [N, C, ...], its shape is {}", op, x.shape().to_string());
  const kernels::ChannelShape shape{x.size(0), x.size(1), count(x.shape(), 2, x.rank())};
  require_vector(op, "gamma", gamma, shape.channels, x.shape());
  require_vector(op, "beta", beta, shape.channels, x.shape());
  require_vector(op, "running_mean", running_mean, shape.channels, x.shape());
  require_vector(op, "running_var", running_var, shape.channels, x.shape());
  const real eps = require_eps(op, options.eps);
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    fail("{}: momentum {} must be in [0, 1]", op, options.momentum);
  }
  if (!options.training) {
    if (!running_mean.defined() || !running_var.defined()) {
      fail("{}: evaluation needs running_mean and running_var", op);
    }
    return record(BatchNormOp{shape, eps, 0, false, running_mean.clone(), running_var.clone(), {}, {}}, x,
                  gamma, beta);
  }
  Tensor mean({shape.channels}), variance({shape.channels});
  kernels::channel_moments(shape, x.data(), mean.data(), variance.data());
  const SharedBatch* batch = SharedBatch::current();
  const double values = batch ? share_moments(*batch, shape, mean.data(), variance.data())
                              : static_cast<double>(shape.per_channel());
  if (values < 2) {
    fail("{}: training needs more than one value a channel: input {} has {}", op, x.shape().to_string(),
         shape.per_channel());
  }
  if (!batch || batch->moves_running())
    update_running(shape.channels, values, options.momentum, mean, variance, running_mean, running_var);
  return record(BatchNormOp{shape, eps, values, batch != nullptr, mean, variance, {}, {}}, x, gamma, beta);
}

Tensor layer_norm(const Tensor& x, const Shape& normalized, const Tensor& gamma, const Tensor& beta,
                  double eps) {
  const char* op = "layer_norm";
  require_defined(op, "input", x);
  const int leading = x.rank() - normalized.rank();
  bool fits = normalized.rank() > 0 && leading >= 0 && normalized.numel() > 0;
  for (int i = 0; fits && i < normalized.rank(); ++i) fits = x.size(leading + i) == normalized[i];
  if (!fits) {
    fail("{}: input {} does not end in the normalized shape {}", op, x.shape().to_string(),
         normalized.to_string());
  }
  for (const auto& [what, tensor] : {std::pair<const char*, const Tensor&>{"gamma", gamma}, {"beta", beta}}) {
    if (tensor.defined() && tensor.shape() != normalized) {
      fail("{}: {} {} must have the normalized shape {}", op, what, tensor.shape().to_string(),
           normalized.to_string());
    }
  }
  const kernels::GroupShape shape{count(x.shape(), 0, leading), 1, normalized.numel(), 1};
  return record(RowNormOp<LayerNorm>{shape, require_eps(op, eps), {}, {}, {}, {}}, x, gamma, beta);
}

Tensor group_norm(const Tensor& x, Index groups, const Tensor& gamma, const Tensor& beta, double eps) {
  const char* op = "group_norm";
  require_defined(op, "input", x);
  if (x.rank() < 2) fail("{}: input must be [N, C, ...], its shape is {}", op, x.shape().to_string());
  if (groups < 1 || x.size(1) < 1 || x.size(1) % groups != 0) {
    fail("{}: groups {} must divide the {} channels of input {}", op, groups, x.size(1),
         x.shape().to_string());
  }
  require_vector(op, "gamma", gamma, x.size(1), x.shape());
  require_vector(op, "beta", beta, x.size(1), x.shape());
  const kernels::GroupShape shape{x.size(0), groups, x.size(1), count(x.shape(), 2, x.rank())};
  return record(RowNormOp<GroupNorm>{shape, require_eps(op, eps), {}, {}, {}, {}}, x, gamma, beta);
}

}  // namespace fanin::ops
