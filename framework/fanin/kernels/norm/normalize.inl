namespace {

/// write(i, Vec's or real's reader at i) for whole vectors, then for the rest.
template <class F>
FANIN_INLINE void put(Index n, real* out, bool accumulate, F value) {
  const auto at = [](Index i)
                      FANIN_LAMBDA { return [i](const real* p) FANIN_LAMBDA { return load(p + i); }; };
  const auto at_one = [](Index i) FANIN_LAMBDA { return [i](const real* p) FANIN_LAMBDA { return p[i]; }; };
  Index i = 0;
  if (accumulate) {
    for (; i + lanes <= n; i += lanes) store(out + i, load(out + i) + value(at(i)));
    for (; i < n; ++i) out[i] += value(at_one(i));
  } else {
    for (; i + lanes <= n; i += lanes) store(out + i, value(at(i)));
    for (; i < n; ++i) out[i] = value(at_one(i));
  }
}

}  // namespace

void normalize(Index n, bool each, const real* x, const real* center, const real* scale, const real* shift,
               real* y) {
  if (each) {
    put(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - at(center)) * at(scale) + at(shift); });
  } else {
    const real c = *center, a = *scale, b = *shift;
    put(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - c) * a + b; });
  }
}

void normalize_gradient(Index n, bool each, const real* x, const real* center, const real* scale,
                        const real* offset, const real* slope, const real* grad_y, real* grad_x,
                        bool accumulate) {
  if (each) {
    put(n, grad_x, accumulate, [=](auto at) FANIN_LAMBDA {
      return at(scale) * at(grad_y) - at(offset) - at(slope) * (at(x) - at(center));
    });
  } else {
    const real c = *center, a = *scale, o = *offset, s = *slope;
    put(n, grad_x, accumulate, [=](auto at) FANIN_LAMBDA { return a * at(grad_y) - o - s * (at(x) - c); });
  }
}

void normalize_row(Index n, const real* x, real center, real scale, const real* gamma, const real* beta,
                   real* y) {
  if (gamma && beta) {
    put(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - center) * scale * at(gamma) + at(beta); });
  } else if (gamma) {
    put(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - center) * scale * at(gamma); });
  } else if (beta) {
    put(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - center) * scale + at(beta); });
  } else {
    put(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - center) * scale; });
  }
}

void normalize_row_gradient(Index n, const real* x, real center, real scale, const real* gamma, real offset,
                            real slope, const real* grad_y, real* grad_x, bool accumulate) {
  if (gamma) {
    put(n, grad_x, accumulate, [=](auto at) FANIN_LAMBDA {
      return scale * at(gamma) * at(grad_y) - offset - slope * (at(x) - center);
    });
  } else {
    put(n, grad_x, accumulate,
        [=](auto at) FANIN_LAMBDA { return scale * at(grad_y) - offset - slope * (at(x) - center); });
  }
}
