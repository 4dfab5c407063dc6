#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// y[outer, b, middle, a, inner] (+)= x[outer, a, middle, b, inner]: two dimensions exchanged.
struct Exchange {
  Index outer = 1, a = 1, middle = 1, b = 1, inner = 1;
};
void exchange(const Exchange& shape, const real* x, real* y, bool accumulate);

/// For each of `rows`: `width` elements from x (rows x_step apart) to y (rows y_step apart).
void copy_rows(Index rows, Index width, const real* x, Index x_step, real* y, Index y_step, bool accumulate);

/// y[i] = row indices[i] of table[·, width].
void gather_rows(Index n, Index width, const std::int32_t* indices, const real* table, real* y);
/// table row indices[i] += y[i], in order of i.
void scatter_add_rows(Index n, Index width, const std::int32_t* indices, const real* y, real* table);

}  // namespace fanin::kernels
