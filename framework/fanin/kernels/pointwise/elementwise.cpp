#include <algorithm>

#include <fanin/kernels/pieces.hpp>
#include <fanin/kernels/pointwise/elementwise.hpp>
#include <fanin/kernels/reduce/reduce.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/pointwise/elementwise.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

namespace {

/// y[i] = f(a[i], b[i]), where an operand that does not move is one value throughout.
template <class F>
FANIN_INLINE void combine(Index n, const real* a, bool moves_a, const real* b, bool moves_b, real* y, F f) {
  Index i = 0;
  if (moves_a && moves_b) {
    for (; i + lanes <= n; i += lanes) store(y + i, f(load(a + i), load(b + i)));
    for (; i < n; ++i) y[i] = f(a[i], b[i]);
  } else if (moves_a) {
    const real value = *b;
    const Vec values = broadcast(value);
    for (; i + lanes <= n; i += lanes) store(y + i, f(load(a + i), values));
    for (; i < n; ++i) y[i] = f(a[i], value);
  } else {
    const real value = *a;
    const Vec values = broadcast(value);
    for (; i + lanes <= n; i += lanes) store(y + i, f(values, load(b + i)));
    for (; i < n; ++i) y[i] = f(value, b[i]);
  }
}

}  // namespace

void combine(Binary op, Index n, const real* a, bool moves_a, const real* b, bool moves_b, real* y) {
  switch (op) {
    case Binary::add:
      return combine(n, a, moves_a, b, moves_b, y, [](auto p, auto q) FANIN_LAMBDA { return p + q; });
    case Binary::sub:
      return combine(n, a, moves_a, b, moves_b, y, [](auto p, auto q) FANIN_LAMBDA { return p - q; });
    case Binary::mul:
      return combine(n, a, moves_a, b, moves_b, y, [](auto p, auto q) FANIN_LAMBDA { return p * q; });
    case Binary::div:
      return combine(n, a, moves_a, b, moves_b, y, [](auto p, auto q) FANIN_LAMBDA { return p / q; });
  }
}

void scaled(Index n, real scale, const real* x, real* out, bool accumulate) {
  Index i = 0;
  if (accumulate) {
    for (; i + lanes <= n; i += lanes) store(out + i, load(out + i) + scale * load(x + i));
    for (; i < n; ++i) out[i] += scale * x[i];
  } else {
    for (; i + lanes <= n; i += lanes) store(out + i, scale * load(x + i));
    for (; i < n; ++i) out[i] = scale * x[i];
  }
}

#else  // once

namespace fanin::kernels {
namespace {

/// Calls f(offset in a, offset in b, offset in y) for the start of each innermost loop.
template <class F>
void each_inner(const Broadcast& s, F f) {
  std::array<Index, Broadcast::max_rank> at{};
  const Index inner = s.size[static_cast<std::size_t>(s.rank - 1)];
  Index a = 0, b = 0;
  for (Index y = 0; y < s.numel; y += inner) {
    f(a, b, y);
    for (int d = s.rank - 2; d >= 0; --d) {
      const auto i = static_cast<std::size_t>(d);
      a += s.step_a[i], b += s.step_b[i];
      if (++at[i] < s.size[i]) break;
      a -= s.step_a[i] * s.size[i], b -= s.step_b[i] * s.size[i];
      at[i] = 0;
    }
  }
}

}  // namespace

Broadcast broadcast(std::span<const Index> a, std::span<const Index> b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Broadcast s;
  // Innermost first, then turned round.
  Index step_a = 1, step_b = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    const Index na = i < a.size() ? a[a.size() - 1 - i] : 1, nb = i < b.size() ? b[b.size() - 1 - i] : 1;
    const Index n = na == 1 ? nb : na;
    if (n == 1) continue;
    const Index sa = na == 1 ? 0 : step_a, sb = nb == 1 ? 0 : step_b;
    step_a *= na, step_b *= nb;
    s.numel *= n;
    const auto last = static_cast<std::size_t>(s.rank) - 1;
    if (s.rank > 0 && sa == s.step_a[last] * s.size[last] && sb == s.step_b[last] * s.size[last]) {
      s.size[last] *= n;
    } else {
      const auto at = static_cast<std::size_t>(s.rank++);
      s.size[at] = n, s.step_a[at] = sa, s.step_b[at] = sb;
    }
  }
  if (s.rank == 0) s.size[0] = 1, s.step_a[0] = 1, s.step_b[0] = 1, s.rank = 1;
  std::reverse(s.size.begin(), s.size.begin() + s.rank);
  std::reverse(s.step_a.begin(), s.step_a.begin() + s.rank);
  std::reverse(s.step_b.begin(), s.step_b.begin() + s.rank);
  return s;
}

void binary(Binary op, const Broadcast& s, const real* a, const real* b, real* y) {
  const auto last = static_cast<std::size_t>(s.rank - 1);
  const Index n = s.size[last];
  const bool moves_a = s.step_a[last] != 0, moves_b = s.step_b[last] != 0;
  each_inner(s, [&](Index ia, Index ib, Index iy) {
    each_piece(n, [&](Index at, Index count) {
      FANIN_BY_ISA(combine(op, count, a + ia + (moves_a ? at : 0), moves_a, b + ib + (moves_b ? at : 0),
                           moves_b, y + iy + at));
    });
  });
}

void sum_to(Operand operand, const Broadcast& s, real scale, const real* g, real* out, bool accumulate) {
  const auto& step = operand == Operand::a ? s.step_a : s.step_b;
  if (!accumulate) {
    Index count = 1;
    for (int i = 0; i < s.rank; ++i) {
      if (step[static_cast<std::size_t>(i)] != 0) count *= s.size[static_cast<std::size_t>(i)];
    }
    std::fill_n(out, count, real(0));
  }
  const auto last = static_cast<std::size_t>(s.rank - 1);
  const Index n = s.size[last];
  each_inner(s, [&](Index ia, Index ib, Index iy) {
    real* to = out + (operand == Operand::a ? ia : ib);
    if (step[last] == 0) {
      *to += static_cast<real>(static_cast<double>(scale) * sum(n, g + iy));
    } else {
      scaled(n, scale, g + iy, to, true);
    }
  });
}

void scaled(Index n, real scale, const real* x, real* out, bool accumulate) {
  FANIN_BY_ISA(scaled(n, scale, x, out, accumulate));
}

real mean_squared_difference(Index n, const real* x, const real* target, real* difference) {
  FANIN_BY_ISA(combine(Binary::sub, n, x, true, target, true, difference));
  return static_cast<real>(sum_of_squares(n, difference, 0) / static_cast<double>(n));
}

}  // namespace fanin::kernels

#endif
