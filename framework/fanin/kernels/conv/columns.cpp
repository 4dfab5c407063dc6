#include <algorithm>

#include <fanin/kernels/conv/columns.hpp>
#include <fanin/kernels/conv/pooled.hpp>
#include <fanin/kernels/gemm/gemm.hpp>
#include <fanin/kernels/gemm/products.hpp>
#include <fanin/kernels/workspace.hpp>

#ifndef FANIN_VECTOR_BYTES
namespace fanin::kernels {
namespace {

constexpr Index most_columns_taps = 16;  // across
constexpr Index columns_margin = 128;

}  // namespace
}  // namespace fanin::kernels
#endif

#define FANIN_KERNEL_SOURCE <fanin/kernels/conv/columns.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

/// One input channel: grad_x[y][x] (+)= Σ_taps columns[tap][y + pad -
/// ky·dilation][x + pad - kx·dilation], where that lies in the output. Reads up
/// to columns_margin elements outside `columns`, and masks them away.
void add_columns(const ConvShape& s, const real* columns, real* grad_x, bool accumulate) {
  const Index oh = s.out_h(), ow = s.out_w();
  // to the next tap below, as it falls on the same pixel
  const Index step = (s.kernel_w * oh - s.dilation_h) * ow;
  const IntVec lane = lane_numbers();
  for (Index x = 0; x < s.width; x += lanes) {
    IntVec inside[most_columns_taps];
    for (Index kx = 0; kx < s.kernel_w; ++kx) {
      const IntVec column = lane + static_cast<int>(x + s.pad_w - kx * s.dilation_w);
      inside[kx] = (column >= 0) & (column < static_cast<int>(ow));
    }
    const Index width = std::min<Index>(lanes, s.width - x);
    for (Index y = 0; y < s.height; ++y) {
      real* out = grad_x + y * s.width + x;
      real row[lanes] = {};
      if (accumulate) std::copy_n(out, width, row);
      Vec sum = load(row);
      // The taps ky whose row y + pad - ky·dilation lies in the output.
      const Index reach = y + s.pad_h, first = reach < oh ? 0 : (reach - oh) / s.dilation_h + 1,
                  last = std::min(s.kernel_h, reach / s.dilation_h + 1);
      // Column by column of the kernel: each has a sum, and a mask, of its own.
      for (Index kx = 0; kx < s.kernel_w; ++kx) {
        Vec column{};
        const real* from = columns + (kx * oh + y + s.pad_h) * ow + x + s.pad_w - kx * s.dilation_w;
        for (Index ky = first; ky < last; ++ky) column += load(from + ky * step);
        sum += reinterpret_cast<Vec>(reinterpret_cast<IntVec>(column) & inside[kx]);
      }
      // In a plane no wider than a vector, what is written past a row is written again with the next.
      const bool heals = s.width <= lanes && !accumulate && (s.height - y) * s.width >= lanes;
      if (width == lanes || heals) {
        store(out, sum);
      } else {
        store(row, sum);
        std::copy_n(row, width, out);
      }
    }
  }
}

#else  // once

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
  // A part of a product by OpenBLAS rounds otherwise than the whole: there the cut would show in the bits.
  const Index least = products() == Products::openblas ? rows : least_part;
  const auto piece = [&](Index image, Index group, const Rows& part) {
    Workspace<> columns(part.count * taps * out_size + 2 * columns_margin);
    Workspace<> room(dense_gradient_room(s, grad_y, sources));
    const real* planes =
        dense_gradient(s, grad_y, image * s.out_channels + group * sources, sources, room.data());
    real* first = columns.data() + columns_margin;
    const real* filters = w + (group * sources * rows + part.first) * taps;
    gemm_block(part.count * taps, out_size, sources, {filters, rows * taps, true}, {planes, out_size}, first,
               out_size, false);
    for (Index row = 0; row < part.count; ++row) {
      real* out = grad_x + (image * s.in_channels + group * rows + part.first + row) * in_size;
      FANIN_BY_ISA(add_columns(s, first + row * taps * out_size, out, accumulate));
    }
  };
  each_image(s, rows, piece, least);
}

}  // namespace fanin::kernels

#endif
