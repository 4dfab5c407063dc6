#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/elementwise_loss.hpp>

namespace fanin::ops {
namespace {

/// An element's loss and its derivatives by input and target.
struct Term {
  double value, by_x, by_target;
};

struct L1 {
  static constexpr const char* name = "l1";
  Term operator()(double x, double t, Index) const {
    const double d = x - t, sign = d > 0 ? 1 : d < 0 ? -1 : d;
    return {std::abs(d), sign, -sign};
  }
};

struct Huber {
  static constexpr const char* name = "huber";
  double delta;
  Term operator()(double x, double t, Index) const {
    const double d = x - t;
    if (std::abs(d) <= delta) return {d * d / 2, d, -d};
    const double slope = std::copysign(delta, d);
    return {delta * (std::abs(d) - delta / 2), slope, -slope};
  }
};

struct BceWithLogits {
  static constexpr const char* name = "bce_with_logits";
  Tensor pos_weight;  // undefined: 1
  Term operator()(double x, double t, Index i) const {
    const double weight =
        pos_weight.defined() ? static_cast<double>(pos_weight.data()[i % pos_weight.numel()]) : 1;
    const double small = std::exp(-std::abs(x));  // never more than 1
    const double softplus = std::log1p(small);
    const double if_true = softplus + std::max(-x, 0.0), if_false = softplus + std::max(x, 0.0);
    const double p = x >= 0 ? 1 / (1 + small) : small / (1 + small),
                 q = x >= 0 ? small / (1 + small) : 1 / (1 + small);
    return {weight * t * if_true + (1 - t) * if_false, (1 - t) * p - weight * t * q,
            weight * if_true - if_false};
  }
};

struct KlDiv {
  static constexpr const char* name = "kl_div";
  Term operator()(double x, double t, Index) const {
    if (t == 0) return {0, 0, -HUGE_VAL};
    return {t * (std::log(t) - x), -t, std::log(t) + 1 - x};
  }
};

template <class Terms>
struct LossOp {
  static constexpr const char* name = Terms::name;
  Terms terms;
  double divisor;
  Tensor x, target;

  auto saved() const {
    if constexpr (requires { terms.pos_weight; })
      return std::array{x, target, terms.pos_weight};
    else
      return std::array{x, target};
  }
  Term term(Index i) const {
    return terms(static_cast<double>(x.data()[i]), static_cast<double>(target.data()[i]), i);
  }
  Tensor forward(const Tensor& input, const Tensor& wanted) {
    x = input, target = wanted;
    double sum = 0;
    for (Index i = 0; i < x.numel(); ++i) sum += term(i).value;
    return Tensor::scalar(static_cast<real>(sum / divisor));
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const double scale = static_cast<double>(grad_output.item()) / divisor;
    for (int k = 0; k < 2; ++k) {
      if (!grads.wanted(k)) continue;
      const auto g = grads.slot(k);
      for (Index i = 0; i < x.numel(); ++i) {
        const Term one = term(i);
        const auto change = static_cast<real>(scale * (k == 0 ? one.by_x : one.by_target));
        g.data[i] = g.accumulate ? g.data[i] + change : change;
      }
    }
  }
};

template <class Terms>
Tensor loss(Terms terms, const Tensor& x, const Tensor& target, bool by_rows = false) {
  require_defined(Terms::name, "input", x);
  require_defined(Terms::name, "target", target);
  if (x.shape() != target.shape() || x.numel() == 0) {
    fail("{}: input {} and target {} must have one shape, not empty", Terms::name, x.shape().to_string(),
         target.shape().to_string());
  }
  const Index divisor = !by_rows ? x.numel() : x.rank() == 0 ? 1 : x.size(0);
  return record(LossOp<Terms>{std::move(terms), static_cast<double>(divisor), {}, {}}, x, target);
}

}  // namespace

Tensor l1(const Tensor& x, const Tensor& target) { return loss(L1{}, x, target); }

Tensor huber(const Tensor& x, const Tensor& target, double delta) {
  if (!(delta > 0)) fail("huber: delta must be above 0, got {}", delta);
  return loss(Huber{delta}, x, target);
}

Tensor bce_with_logits(const Tensor& x, const Tensor& target, const Tensor& pos_weight) {
  if (pos_weight.defined()) {
    require_defined("bce_with_logits", "input", x);
    const bool fits = pos_weight.numel() == 1 ||
                      (pos_weight.rank() == 1 && x.rank() > 0 && pos_weight.size(0) == x.size(-1));
    if (!fits)
      fail(
          "bce_with_logits: pos_weight {} does not fit input {}: one number, or one for each position of its last dimension",
          pos_weight.shape().to_string(), x.shape().to_string());
    for (const real weight : pos_weight.values()) {
      if (!(weight >= 0) || !std::isfinite(weight))
        fail("bce_with_logits: pos_weight {} must be a finite number ≥ 0", weight);
    }
  }
  return loss(BceWithLogits{pos_weight.defined() ? pos_weight.detach() : pos_weight}, x, target);
}

Tensor kl_div(const Tensor& log_probabilities, const Tensor& target) {
  require_defined("kl_div", "target", target);
  for (const real t : target.values()) {
    if (!(t >= 0)) fail("kl_div: target {} holds {}, which is no probability", target.shape().to_string(), t);
  }
  return loss(KlDiv{}, log_probabilities, target, true);
}

}  // namespace fanin::ops
