namespace {

/// body(load, save) for each vector of elements: load(p) reads p's elements there, save(p, v) writes them;
/// the last few are padded with zeros, so that every element meets the same arithmetic.
template <class Body>
FANIN_INLINE void each_vector(Index n, Body body) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    body([i](const real* p) FANIN_LAMBDA { return load(p + i); },
         [i](real* p, Vec v) FANIN_LAMBDA { store(p + i, v); });
  }
  if (i == n) return;
  body([=](const real* p) FANIN_LAMBDA { return load_first(p + i, n - i); },
       [=](real* p, Vec v) FANIN_LAMBDA { store_first(p + i, n - i, v); });
}

}  // namespace

void sgd_step(Index n, real* w, const real* g, real* buffer, const SgdNumbers& s) {
  if (!buffer) {
    if (s.decay == 0) {
      each_vector(n, [&](auto get, auto set) FANIN_LAMBDA { set(w, get(w) - s.lr * get(g)); });
    } else {
      each_vector(
          n, [&](auto get, auto set) FANIN_LAMBDA { set(w, get(w) - s.lr * (get(g) + s.decay * get(w))); });
    }
    return;
  }
  each_vector(n, [&](auto get, auto set) FANIN_LAMBDA {
    const Vec before = get(w), d = s.decay == 0 ? get(g) : get(g) + s.decay * before;
    const Vec velocity = s.first ? d : s.momentum * get(buffer) + s.keep * d;
    set(buffer, velocity);
    set(w, before - s.lr * (s.nesterov ? d + s.momentum * velocity : velocity));
  });
}

void adam_step(Index n, real* w, const real* g, real* m, real* v, const AdamNumbers& s) {
  each_vector(n, [&](auto get, auto set) FANIN_LAMBDA {
    const Vec before = get(w) * s.shrink, d = s.decay == 0 ? get(g) : get(g) + s.decay * before;
    const Vec mean = s.beta1 * get(m) + s.fresh1 * d, square = s.beta2 * get(v) + s.fresh2 * d * d;
    set(m, mean);
    set(v, square);
    set(w, before - s.step_size * (mean / (square_root(square) / s.root + s.eps)));
  });
}

void rmsprop_step(Index n, real* w, const real* g, real* square_mean, real* grad_mean, real* buffer,
                  const RmspropNumbers& s) {
  each_vector(n, [&](auto get, auto set) FANIN_LAMBDA {
    const Vec before = get(w), d = s.decay == 0 ? get(g) : get(g) + s.decay * before;
    const Vec square = s.alpha * get(square_mean) + s.fresh * d * d;
    set(square_mean, square);
    Vec variance = square;
    if (grad_mean) {
      const Vec mean = s.alpha * get(grad_mean) + s.fresh * d;
      set(grad_mean, mean);
      variance -= mean * mean;
    }
    Vec change = d / (square_root(variance) + s.eps);
    if (buffer) {
      change = s.momentum * get(buffer) + change;
      set(buffer, change);
    }
    set(w, before - s.lr * change);
  });
}
