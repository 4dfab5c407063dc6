#include <algorithm>

#include <fanin/core/parallel.hpp>
#include <fanin/kernels/conv/columns.hpp>
#include <fanin/kernels/conv/pooled.hpp>
#include <fanin/kernels/gemm/gemm_block.hpp>
#include <fanin/kernels/workspace.hpp>

namespace fanin::kernels {
namespace {

constexpr Index most_columns_taps = 16;  // across
constexpr Index columns_margin = 128;

}  // namespace
}  // namespace fanin::kernels

#define FANIN_KERNEL_SOURCE <fanin/kernels/conv/columns.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {

bool columns_pay(const ConvShape& s) {
  const Index reach = (s.kernel_w - 1) * s.dilation_w;
  return s.stride_h == 1 && s.stride_w == 1 && s.kernel_w <= most_columns_taps && reach + s.pad_w < 100 &&
         s.out_channels / s.groups >= 8 && s.height * (s.width + reach) >= 2 * s.out_h() * s.out_w();
}

void backward_data_by_columns(const ConvShape& s, OutputGradient grad_y, const real* w, real* grad_x,
                              bool accumulate) {
  const Index rows = s.in_channels / s.groups, sources = s.out_channels / s.groups,
              taps = s.kernel_h * s.kernel_w;
  const Index out_size = s.out_h() * s.out_w(), in_size = s.height * s.width;
  parallel_for(s.batch * s.groups, [&](Index piece) {
    const Index image = piece / s.groups, group = piece % s.groups;
    Workspace<> columns(rows * taps * out_size + 2 * columns_margin);
    Workspace<> room(dense_gradient_room(s, grad_y, sources));
    const real* planes =
        dense_gradient(s, grad_y, image * s.out_channels + group * sources, sources, room.data());
    real* first = columns.data() + columns_margin;
    gemm_block(rows * taps, out_size, sources, {w + group * sources * rows * taps, rows * taps, true},
               {planes, out_size}, first, out_size, false);
    for (Index row = 0; row < rows; ++row) {
      real* out = grad_x + (image * s.in_channels + group * rows + row) * in_size;
      FANIN_BY_ISA(add_columns(s, first + row * taps * out_size, out, accumulate));
    }
  });
}

}  // namespace fanin::kernels
