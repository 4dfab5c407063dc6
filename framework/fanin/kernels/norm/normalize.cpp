#include <fanin/kernels/norm/normalize.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/norm/normalize.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

namespace {

/// out[i] (+)= value(reader at i), where a reader gives a Vec or, for the rest, one element.
template <class F>
FANIN_INLINE void fill(Index n, real* out, bool accumulate, F value) {
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
    fill(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - at(center)) * at(scale) + at(shift); });
  } else {
    const real c = *center, a = *scale, b = *shift;
    fill(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - c) * a + b; });
  }
}

void normalize_gradient(Index n, bool each, const real* x, const real* center, const real* scale,
                        const real* offset, const real* slope, const real* grad_y, real* grad_x,
                        bool accumulate) {
  if (each) {
    fill(n, grad_x, accumulate, [=](auto at) FANIN_LAMBDA {
      return at(scale) * at(grad_y) - at(offset) - at(slope) * (at(x) - at(center));
    });
  } else {
    const real c = *center, a = *scale, o = *offset, s = *slope;
    fill(n, grad_x, accumulate, [=](auto at) FANIN_LAMBDA { return a * at(grad_y) - o - s * (at(x) - c); });
  }
}

void normalize_row(Index n, const real* x, real center, real scale, const real* gamma, const real* beta,
                   real* y) {
  if (gamma && beta) {
    fill(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - center) * scale * at(gamma) + at(beta); });
  } else if (gamma) {
    fill(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - center) * scale * at(gamma); });
  } else if (beta) {
    fill(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - center) * scale + at(beta); });
  } else {
    fill(n, y, false, [=](auto at) FANIN_LAMBDA { return (at(x) - center) * scale; });
  }
}

void normalize_row_gradient(Index n, const real* x, real center, real scale, const real* gamma, real offset,
                            real slope, const real* grad_y, real* grad_x, bool accumulate) {
  if (gamma) {
    fill(n, grad_x, accumulate, [=](auto at) FANIN_LAMBDA {
      return scale * at(gamma) * at(grad_y) - offset - slope * (at(x) - center);
    });
  } else {
    fill(n, grad_x, accumulate,
         [=](auto at) FANIN_LAMBDA { return scale * at(grad_y) - offset - slope * (at(x) - center); });
  }
}

#else  // once

namespace fanin::kernels {

void normalize(Index n, bool each, const real* x, const real* center, const real* scale, const real* shift,
               real* y) {
  FANIN_BY_ISA(normalize(n, each, x, center, scale, shift, y));
}

void normalize_gradient(Index n, bool each, const real* x, const real* center, const real* scale,
                        const real* offset, const real* slope, const real* grad_y, real* grad_x,
                        bool accumulate) {
  FANIN_BY_ISA(normalize_gradient(n, each, x, center, scale, offset, slope, grad_y, grad_x, accumulate));
}

void normalize_row(Index n, const real* x, real center, real scale, const real* gamma, const real* beta,
                   real* y) {
  FANIN_BY_ISA(normalize_row(n, x, center, scale, gamma, beta, y));
}

void normalize_row_gradient(Index n, const real* x, real center, real scale, const real* gamma, real offset,
                            real slope, const real* grad_y, real* grad_x, bool accumulate) {
  FANIN_BY_ISA(normalize_row_gradient(n, x, center, scale, gamma, offset, slope, grad_y, grad_x, accumulate));
}

}  // namespace fanin::kernels

#endif
