#pragma once
#include <optional>

#include <fanin/core/tensor.hpp>
#include <fanin/ops/pair.hpp>

namespace fanin::ops {

/// Of a pool, for height and width.
struct Pool2dOptions {
  Pair kernel = 2;                  ///< the window's size, 1..65536
  std::optional<Pair> stride = {};  ///< at least 1; the kernel's size where not given
  Pair padding = 0;                 ///< at most half the kernel
};

/// The largest value of each window of x [N, C, H, W]; NaN wins, as in torch.nn.functional.max_pool2d.
/// Gives [N, C, H', W'] with H' = (H + 2·padding - kernel) / stride + 1. Error where the options do not fit.
Tensor max_pool2d(const Tensor& x, const Pool2dOptions& options = {});

/// The mean of each window, padding counted as zeros: torch.nn.functional.avg_pool2d with
/// count_include_pad=True. Shapes and Errors as max_pool2d.
Tensor avg_pool2d(const Tensor& x, const Pool2dOptions& options = {});

/// Means over windows that divide the plane into `output` parts: [N, C, H, W] → [N, C, output.h, output.w]
/// (torch.nn.functional.adaptive_avg_pool2d). Error for a size below 1.
Tensor adaptive_avg_pool2d(const Tensor& x, Pair output);

}  // namespace fanin::ops
