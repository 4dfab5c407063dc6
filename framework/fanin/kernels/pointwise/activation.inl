#include <fanin/kernels/simd/vector_math.inl>

namespace {

/// grad_x[i] (+)= grad_y[i] · derivative(from[i]).
template <class F>
FANIN_INLINE void map_gradient(Index n, const real* from, const real* grad_y, real* grad_x, bool accumulate,
                               F derivative) {
  Index i = 0;
  if (accumulate) {
    for (; i + lanes <= n; i += lanes)
      store(grad_x + i, load(grad_x + i) + load(grad_y + i) * derivative(load(from + i)));
  } else {
    for (; i + lanes <= n; i += lanes) store(grad_x + i, load(grad_y + i) * derivative(load(from + i)));
  }
  if (i == n) return;
  real from_copy[lanes] = {}, grad_copy[lanes] = {};
  std::copy(from + i, from + n, from_copy);
  std::copy(grad_y + i, grad_y + n, grad_copy);
  store(grad_copy, load(grad_copy) * derivative(load(from_copy)));
  for (Index tail = i; tail < n; ++tail)
    grad_x[tail] = (accumulate ? grad_x[tail] : real(0)) + grad_copy[tail - i];
}

}  // namespace

void activate(Activation activation, Index n, const real* x, real* y) {
  const real p = activation.parameter;
  const auto with = [&](auto f) { map(n, x, y, f); };
  switch (activation.kind) {
    case Kind::none:
      return with([=](Vec v) FANIN_LAMBDA { return v; });
    case Kind::relu:
      return with([=](Vec v) FANIN_LAMBDA { return v < real(0) ? Vec{} : v; });
    case Kind::leaky_relu:
      return with([p](Vec v) FANIN_LAMBDA { return v > real(0) ? v : p * v; });
    case Kind::elu:
      return with([p](Vec v) FANIN_LAMBDA { return v > real(0) ? v : p * expm1_of_negative(v); });
    case Kind::selu:
      return with([=](Vec v) FANIN_LAMBDA {
        return selu_scale * (v > real(0) ? v : selu_alpha * expm1_of_negative(v));
      });
    case Kind::gelu:
      return with([=](Vec v) FANIN_LAMBDA { return v * normal(v).cdf; });
    case Kind::sigmoid:
      return with([=](Vec v) FANIN_LAMBDA { return sigmoid(v); });
    case Kind::tanh:
      return with([=](Vec v) FANIN_LAMBDA { return tanh(v); });
    case Kind::softplus:
      return with([p](Vec v) FANIN_LAMBDA { return p * v > real(20) ? v : softplus(p * v) / p; });
    case Kind::silu:
      return with([=](Vec v) FANIN_LAMBDA { return v / (exp(-v) + real(1)); });
    case Kind::sine:
      return with([p](Vec v) FANIN_LAMBDA { return sine(p * v); });
  }
}

/// `from` is x where backward_needs_input, else y.
void differentiate(Activation activation, Index n, const real* from, const real* grad_y, real* grad_x,
                   bool accumulate) {
  const real p = activation.parameter;
  const auto with = [&](auto f) { map_gradient(n, from, grad_y, grad_x, accumulate, f); };
  const Vec one = broadcast(1);
  switch (activation.kind) {
    case Kind::none:
      return with([one](Vec) FANIN_LAMBDA { return one; });
    case Kind::relu:
      return with([one](Vec y) FANIN_LAMBDA { return y <= real(0) ? Vec{} : one; });
    case Kind::leaky_relu:
      return with([one, p](Vec v) FANIN_LAMBDA { return v > real(0) ? one : broadcast(p); });
    case Kind::elu:
      if (p < 0) return with([one, p](Vec x) FANIN_LAMBDA { return x > real(0) ? one : p * exp(x); });
      return with([one, p](Vec y) FANIN_LAMBDA { return y > real(0) ? one : y + p; });
    case Kind::selu:
      return with([=](Vec y) FANIN_LAMBDA {
        return y > real(0) ? broadcast(selu_scale) : y + selu_scale * selu_alpha;
      });
    case Kind::gelu:
      return with([=](Vec x) FANIN_LAMBDA {
        const Normal at = normal(x);
        return at.cdf + x * at.density;
      });
    case Kind::sigmoid:
      return with([=](Vec y) FANIN_LAMBDA { return y * (real(1) - y); });
    case Kind::tanh:
      return with([=](Vec y) FANIN_LAMBDA { return real(1) - y * y; });
    case Kind::softplus:
      return with([one, p](Vec x) FANIN_LAMBDA { return p * x > real(20) ? one : sigmoid(p * x); });
    case Kind::silu:
      return with([=](Vec x) FANIN_LAMBDA {
        const Vec s = sigmoid(x);
        return s * (real(1) + x * (real(1) - s));
      });
    case Kind::sine:
      return with([p](Vec x) FANIN_LAMBDA { return p * cosine(p * x); });
  }
}

/// y[i] = exp(x[i])
void exponentials(Index n, const real* x, real* y) {
  map(n, x, y, [=](Vec v) FANIN_LAMBDA { return exp(v); });
}
