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
