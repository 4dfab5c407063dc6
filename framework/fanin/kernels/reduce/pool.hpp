#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// Windows over each of `batch_channels` planes of height × width.
struct PoolShape {
  Index batch_channels = 1, height = 1, width = 1, kernel_h = 2, kernel_w = 2, stride_h = 2, stride_w = 2,
        pad_h = 0, pad_w = 0;

  Index out_h() const { return (height + 2 * pad_h - kernel_h) / stride_h + 1; }
  Index out_w() const { return (width + 2 * pad_w - kernel_w) / stride_w + 1; }
};

/// y = the largest of each window (NaN wins); argmax, when not null, its index h·width + w within the plane.
void max_pool_forward(const PoolShape& shape, const real* x, real* y, std::int32_t* argmax);
/// Overwrites grad_x.
void max_pool_backward(const PoolShape& shape, const std::int32_t* argmax, const real* grad_y, real* grad_x);

/// Mean of each window, padding counted as zeros (PyTorch's count_include_pad=True).
void avg_pool_forward(const PoolShape& shape, const real* x, real* y);
void avg_pool_backward(const PoolShape& shape, const real* grad_y, real* grad_x);  ///< overwrites grad_x

/// Window o covers rows floor(o·h/out_h) .. ceil((o+1)·h/out_h), and so for columns.
void adaptive_avg_pool_forward(Index batch_channels, Index height, Index width, Index out_h, Index out_w,
                               const real* x, real* y);
void adaptive_avg_pool_backward(Index batch_channels, Index height, Index width, Index out_h, Index out_w,
                                const real* grad_y, real* grad_x);  ///< overwrites grad_x

}  // namespace fanin::kernels
