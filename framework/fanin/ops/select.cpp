#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/select.hpp>

namespace fanin::ops {
namespace {

struct Largest {
  static constexpr const char *name = "max", *place = "argmax";
  static bool beats(real a, real b) { return a > b; }
};
struct Smallest {
  static constexpr const char *name = "min", *place = "argmin";
  static bool beats(real a, real b) { return a < b; }
};

/// Where in the middle of [outer, n, inner] the extreme stands, for each of the others.
template <class Kind>
PoolVector<Index> places(const Reduction& along, const real* x) {
  PoolVector<Index> all;
  all.reserve(static_cast<std::size_t>(along.outer * along.inner));
  for (Index o = 0; o < along.outer; ++o) {
    for (Index i = 0; i < along.inner; ++i) {
      const real* from = x + o * along.n * along.inner + i;
      Index best = 0;
      for (Index k = 1; k < along.n && !std::isnan(from[best * along.inner]); ++k) {
        const real value = from[k * along.inner];
        if (std::isnan(value) || Kind::beats(value, from[best * along.inner])) best = k;
      }
      all.push_back(best);
    }
  }
  return all;
}

/// Elements of x by their places.
template <class Kind>
struct PickOp {
  static constexpr const char* name = Kind::name;
  Shape from, to;
  PoolVector<Index> at;  // of each result, in x

  Tensor forward(const Tensor& x) {
    Tensor y(to);
    for (std::size_t i = 0; i < at.size(); ++i) y.data()[i] = x.data()[at[i]];
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot(0);
    if (!gx.accumulate) std::fill_n(gx.data, from.numel(), real(0));
    for (std::size_t i = 0; i < at.size(); ++i) gx.data[at[i]] += grad_output.data()[i];
  }
};

/// Over all elements: equal ones share the gradient.
template <class Kind>
struct ExtremeOfAllOp {
  static constexpr const char* name = Kind::name;
  Reduction all;
  Tensor x;
  real best = 0;

  auto saved() const { return std::array{x}; }

  Tensor forward(const Tensor& input) {
    x = input;
    best = x.data()[places<Kind>(all, x.data())[0]];
    return Tensor::scalar(best);
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto is_best = [&](real value) { return std::isnan(best) ? std::isnan(value) : value == best; };
    const auto values = std::as_const(x).values();
    const auto share =
        grad_output.item() / static_cast<real>(std::count_if(values.begin(), values.end(), is_best));
    const auto gx = grads.slot(0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const real change = is_best(values[i]) ? share : real(0);
      gx.data[i] = gx.accumulate ? gx.data[i] + change : change;
    }
  }
};

template <class Kind>
Tensor extreme(const Tensor& x) {
  return record(ExtremeOfAllOp<Kind>{reduction(Kind::name, x, true), {}, 0}, x);
}
template <class Kind>
Tensor extreme(const Tensor& x, int dim, bool keepdim) {
  const Reduction along = reduction(Kind::name, x, dim, keepdim, true);
  auto at = places<Kind>(along, x.data());
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Index outer = static_cast<Index>(i) / along.inner, inner = static_cast<Index>(i) % along.inner;
    at[i] = (outer * along.n + at[i]) * along.inner + inner;
  }
  return record(PickOp<Kind>{x.shape(), along.to, std::move(at)}, x);
}

constexpr double countable = sizeof(real) == sizeof(float) ? 0x1p24 : 0x1p53;

template <class Kind, class... By>
Tensor place(const Tensor& x, By... by) {
  const Reduction along = reduction(Kind::place, x, by..., true);
  if (static_cast<double>(along.n) > countable)
    fail("{}: {} elements of input {} are more than a number of {} bits can count", Kind::place, along.n,
         x.shape().to_string(), 8 * sizeof(real));
  Tensor y(along.to);
  const auto at = places<Kind>(along, x.data());
  for (std::size_t i = 0; i < at.size(); ++i) y.data()[i] = static_cast<real>(at[i]);
  return y;
}

struct WhereOp {
  static constexpr const char* name = "where";
  Tensor condition;

  auto saved() const { return std::array{condition}; }

  Tensor forward(const Tensor& a, const Tensor& b) {
    Tensor y(a.shape());
    for (Index i = 0; i < y.numel(); ++i) y.data()[i] = holds(i) ? a.data()[i] : b.data()[i];
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    for (const bool first : {true, false}) {
      if (!grads.wanted(first ? 0 : 1)) continue;
      const auto g = grads.slot(first ? 0 : 1);
      for (Index i = 0; i < grad_output.numel(); ++i) {
        const real change = holds(i) == first ? grad_output.data()[i] : real(0);
        g.data[i] = g.accumulate ? g.data[i] + change : change;
      }
    }
  }
  bool holds(Index i) const { return condition.data()[i] != 0; }
};

struct Gather {
  static constexpr const char* name = "gather";
};

}  // namespace

Tensor max(const Tensor& x) { return extreme<Largest>(x); }
Tensor min(const Tensor& x) { return extreme<Smallest>(x); }
Tensor max(const Tensor& x, int dim, bool keepdim) { return extreme<Largest>(x, dim, keepdim); }
Tensor min(const Tensor& x, int dim, bool keepdim) { return extreme<Smallest>(x, dim, keepdim); }
Tensor argmax(const Tensor& x) { return place<Largest>(x); }
Tensor argmin(const Tensor& x) { return place<Smallest>(x); }
Tensor argmax(const Tensor& x, int dim, bool keepdim) { return place<Largest>(x, dim, keepdim); }
Tensor argmin(const Tensor& x, int dim, bool keepdim) { return place<Smallest>(x, dim, keepdim); }

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  require_defined("where", "the condition", condition);
  require_defined("where", "left operand", a);
  require_defined("where", "right operand", b);
  const Shape shape = broadcast("where", broadcast("where", a.shape(), b.shape()), condition.shape());
  const auto whole = [&](const Tensor& x) {
    return x.shape() == shape ? x : mul(x, Tensor::ones(shape));  // -0 and NaN stay what they are
  };
  return record(WhereOp{whole(condition.detach())}, whole(a), whole(b));
}

Tensor gather(const Tensor& x, int dim, const Tensor& index) {
  const int along = require_dim("gather", x, dim);
  require_defined("gather", "the index", index);
  const auto refuse = [&] {
    fail("gather: index {} does not fit input {}: one rank, and no larger but in dimension {}",
         index.shape().to_string(), x.shape().to_string(), along);
  };
  if (index.rank() != x.rank()) refuse();
  for (int d = 0; d < x.rank(); ++d) {
    if (d != along && index.size(d) > x.size(d)) refuse();
  }
  PickOp<Gather> op{x.shape(), index.shape(), {}};
  op.at.reserve(static_cast<std::size_t>(index.numel()));
  for (Index i = 0; i < index.numel(); ++i) {
    const auto wanted = static_cast<double>(index.data()[i]);
    if (!(wanted >= 0 && wanted < static_cast<double>(x.size(along)) && wanted == std::floor(wanted)))
      fail("gather: index {} at place {} is no position of dimension {} of input {}", wanted, i, along,
           x.shape().to_string());
    Index rest = i, offset = 0, step = 1;
    for (int d = x.rank() - 1; d >= 0; --d) {
      const Index at = d == along ? static_cast<Index>(wanted) : rest % index.size(d);
      rest /= index.size(d);
      offset += at * step;
      step *= x.size(d);
    }
    op.at.push_back(offset);
  }
  return record(std::move(op), x);
}

}  // namespace fanin::ops
