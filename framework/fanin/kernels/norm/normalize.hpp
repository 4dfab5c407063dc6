#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// The inner loops of every normalization, over n elements that lie together. `each`: the parameters are
/// arrays with one value an element, else each points at one value for all.

/// y = (x - center)·scale + shift.
void normalize(Index n, bool each, const real* x, const real* center, const real* scale, const real* shift,
               real* y);
/// grad_x (+)= scale·grad_y - offset - slope·(x - center).
void normalize_gradient(Index n, bool each, const real* x, const real* center, const real* scale,
                        const real* offset, const real* slope, const real* grad_y, real* grad_x,
                        bool accumulate);

/// y = (x - center)·scale·gamma[i] + beta[i]; gamma null: 1, beta null: 0.
void normalize_row(Index n, const real* x, real center, real scale, const real* gamma, const real* beta,
                   real* y);
/// grad_x (+)= scale·gamma[i]·grad_y - offset - slope·(x - center).
void normalize_row_gradient(Index n, const real* x, real center, real scale, const real* gamma, real offset,
                            real slope, const real* grad_y, real* grad_x, bool accumulate);

}  // namespace fanin::kernels
