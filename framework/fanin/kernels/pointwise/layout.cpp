#include <algorithm>

#include <fanin/kernels/pointwise/elementwise.hpp>
#include <fanin/kernels/pointwise/layout.hpp>

namespace fanin::kernels {

void exchange(const Exchange& s, const real* x, real* y, bool accumulate) {
  constexpr Index tile = 16;  // both sides of a tile stay in the first-level cache
  const Index x_b = s.inner, x_m = s.b * x_b, x_a = s.middle * x_m;
  const Index y_a = s.inner, y_m = s.a * y_a, y_b = s.middle * y_m;
  const Index block = s.a * x_a;
  for (Index o = 0; o < s.outer; ++o, x += block, y += block) {
    for (Index m = 0; m < s.middle; ++m) {
      for (Index a0 = 0; a0 < s.a; a0 += tile) {
        for (Index b0 = 0; b0 < s.b; b0 += tile) {
          const Index a1 = std::min(a0 + tile, s.a), b1 = std::min(b0 + tile, s.b);
          for (Index b = b0; b < b1; ++b) {
            for (Index a = a0; a < a1; ++a) {
              const real* from = x + a * x_a + m * x_m + b * x_b;
              real* to = y + b * y_b + m * y_m + a * y_a;
              for (Index i = 0; i < s.inner; ++i) to[i] = accumulate ? to[i] + from[i] : from[i];
            }
          }
        }
      }
    }
  }
}

void copy_rows(Index rows, Index width, const real* x, Index x_step, real* y, Index y_step, bool accumulate) {
  for (Index r = 0; r < rows; ++r, x += x_step, y += y_step) {
    if (accumulate) {
      scaled(width, 1, x, y, true);
    } else {
      std::copy_n(x, width, y);
    }
  }
}

void gather_rows(Index n, Index width, const std::int32_t* indices, const real* table, real* y) {
  for (Index i = 0; i < n; ++i) std::copy_n(table + indices[i] * width, width, y + i * width);
}

void scatter_add_rows(Index n, Index width, const std::int32_t* indices, const real* y, real* table) {
  for (Index i = 0; i < n; ++i) {
    scaled(width, 1, y + i * width, table + indices[i] * width, true);
  }
}

}  // namespace fanin::kernels
