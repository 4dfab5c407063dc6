#pragma once
#include <fanin/kernels/conv/conv.hpp>

namespace fanin::kernels {

/// Whether backward-data is cheaper by columns: when a stride-1 kernel is large
/// against its output, correlating with the padded gradient would mostly
/// multiply zeros.
bool columns_pay(const ConvShape& shape);

/// conv_backward_data by columns: one small product wᵀ·grad_y gives each tap's
/// plane, and these are added up shifted.
void backward_data_by_columns(const ConvShape& shape, OutputGradient grad_y, const real* w, real* grad_x,
                              bool accumulate);

}  // namespace fanin::kernels
