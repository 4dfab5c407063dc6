// Compiled once for each instruction set by for_each_isa.inl.
namespace {

FANIN_INLINE real dot(Index n, const real* x, const real* y) {
  Vec sums[4] = {};
  Index i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes)
    unroll<4>([&](auto k)
                  FANIN_LAMBDA { sums[k] = fma(load(x + i + k * lanes), load(y + i + k * lanes), sums[k]); });
  for (; i + lanes <= n; i += lanes) sums[0] = fma(load(x + i), load(y + i), sums[0]);
  real sum = sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

// y += factor · x
FANIN_INLINE void add_scaled(Index n, real factor, const real* x, real* y) {
  const Vec f = broadcast(factor);
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store(y + i, fma(f, load(x + i), load(y + i)));
  for (; i < n; ++i) y[i] += factor * x[i];
}

}  // namespace

// Turns each of `rows` rows (of `length`, `stride` apart) into the reflector v that carries what the earlier
// ones left of it onto the row's own axis: v = 0 … 0 1 rest, H = 1 - tau v vᵀ. `signs` gets the sign of R's
// diagonal.
void reflect_rows(Index rows, Index length, real* a, Index stride, real* tau, real* signs) {
  for (Index j = 0; j < rows; ++j) {
    real* v = a + j * stride;
    const Index rest = length - j - 1;
    const real alpha = v[j], norm = std::sqrt(dot(rest, v + j + 1, v + j + 1));
    real beta = alpha;
    tau[j] = 0;
    if (norm > 0) {
      beta = -std::copysign(std::hypot(alpha, norm), alpha);
      tau[j] = (beta - alpha) / beta;
      const real scale = 1 / (alpha - beta);
      for (Index i = j + 1; i < length; ++i) v[i] *= scale;
    }
    signs[j] = static_cast<real>((beta > 0) - (beta < 0));
    for (Index i = 0; i < j; ++i) v[i] = 0;
    v[j] = 1;
    if (tau[j] != 0)
      for (Index i = j + 1; i < rows; ++i) {
        real* row = a + i * stride;
        add_scaled(rest + 1, -tau[j] * dot(rest + 1, v + j, row + j), v + j, row + j);
      }
  }
}
