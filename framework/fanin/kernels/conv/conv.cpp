#include <algorithm>

#include <fanin/kernels/conv/columns.hpp>
#include <fanin/kernels/conv/conv.hpp>
#include <fanin/kernels/conv/correlation.hpp>
#include <fanin/kernels/conv/pooled.hpp>
#include <fanin/kernels/conv/winograd.hpp>
#include <fanin/kernels/workspace.hpp>

namespace fanin::kernels {
namespace {

/// multiply(group, source, part, finish) with the packed planes of each group of each image; finish(image, channel,
/// grid).
template <class Multiply, class Finish>
void each_source(const ConvShape& s, const SourcePlan& plan, const real* x, Multiply multiply,
                 Finish finish) {
  const Index rows = s.out_channels / s.groups;
  each_image(s, rows, [&](Index image, Index group, const Rows& part) {
    Workspace<> packed(plan.packed_size() + correlation_slack);
    multiply(group, plan.source(s, x, image, 1, group, packed.data()).data, part,
             [&](Index row, const Grid& grid) { finish(image, group * rows + row, grid); });
  });
}

/// finish(image, channel, grid) for stretches of every output plane before its bias.
template <class Finish>
void each_output_plane(const ConvShape& s, const real* x, const real* w, Finish finish) {
  const SourcePlan plan(s);
  const Index rows = s.out_channels / s.groups, terms = plan.channels * s.kernel_h * s.kernel_w;
  if (winograd_pays(s)) {
    const WinogradShape shape{rows, plan.channels, s.out_h(), s.out_w(), plan.plane.pitch, plan.plane.size()};
    const Index size = winograd_filters_size(shape);
    Workspace<> u(s.groups * size);
    winograd_filters(shape, s.groups, {w, rows * terms, terms, 9, false}, u.data());
    each_source(
        s, plan, x,
        [&](Index group, const real* source, const Rows& part, auto use) {
          each_winograd_row(shape, u.data() + group * size, source, part, use);
        },
        finish);
    return;
  }
  Workspace<Index> offsets(terms);
  plan.fill_offsets(s, offsets.data());
  each_source(
      s, plan, x,
      [&](Index group, const real* source, const Rows& part, auto use) {
        each_row(
            {rows, terms, s.out_h(), s.out_w(), plan.plane.pitch, w + group * rows * terms, offsets.data()},
            source, part, use);
      },
      finish);
}

}  // namespace

void conv_forward(const ConvShape& s, const real* x, const real* w, const real* bias, Activation activation,
                  real* y) {
  const Index out_w = s.out_w(), out_size = s.out_h() * out_w;
  const bool relu = activation.kind == Activation::Kind::relu;
  each_output_plane(s, x, w, [&](Index image, Index channel, const Grid& grid) {
    real* out = y + (image * s.out_channels + channel) * out_size + grid.first * out_w;
    unpack_grid(grid, out_w, bias ? bias[channel] : real(0), relu, out, false);
    if (!relu && activation.kind != Activation::Kind::none)
      activation_forward(activation, grid.rows * out_w, out, out);
  });
}

void conv_relu_pool_forward(const ConvShape& s, const real* x, const real* w, const real* bias, real* y,
                            std::uint8_t* chosen) {
  const Index out_w = s.out_w(), size = s.out_h() * out_w / 4;
  each_output_plane(s, x, w, [&](Index image, Index channel, const Grid& grid) {
    const Index out = (image * s.out_channels + channel) * size + grid.first / 2 * (out_w / 2);
    pool_grid(grid, out_w, bias ? bias[channel] : real(0), y + out, chosen ? chosen + out : nullptr);
  });
}

namespace {

/// Backward along one axis, for the inputs i = residue + stride·j: tap k
/// reaches them from output j + shift(k), if residue + pad - k·dilation is a
/// multiple of the stride.
struct ResidueAxis {
  Index residue, stride, pad, dilation, kernel, count, lowest = 0, highest = -1;

  ResidueAxis(Index residue_, Index stride_, Index pad_, Index dilation_, Index kernel_, Index size)
      : residue(residue_),
        stride(stride_),
        pad(pad_),
        dilation(dilation_),
        kernel(kernel_),
        count((size - residue_ + stride_ - 1) / stride_) {
    for (Index k = kernel - 1; k >= 0; --k) {
      if (!reaches(k)) continue;
      if (highest < lowest) lowest = shift(k);  // the last tap has the lowest shift
      highest = shift(k);
    }
  }
  bool reaches(Index k) const { return (residue + pad - k * dilation) % stride == 0; }
  Index shift(Index k) const { return (residue + pad - k * dilation) / stride; }
  Index span() const { return highest - lowest; }
  bool empty() const { return count <= 0 || highest < lowest; }
};

/// multiply(image, group, source, part) with the gradient's planes, packed.
template <class Multiply>
void each_gradient(const ConvShape& s, const PackedPlane& plane, OutputGradient grad_y, Multiply multiply) {
  const Index sources = s.out_channels / s.groups;
  each_image(s, s.in_channels / s.groups, [&](Index image, Index group, const Rows& part) {
    Workspace<> packed(sources * plane.size() + correlation_slack);
    for (Index i = 0; i < sources; ++i) {
      const Index output = image * s.out_channels + group * sources + i;
      pack_gradient(plane, grad_y, output, packed.data() + i * plane.size());
    }
    std::fill_n(packed.data() + sources * plane.size(), correlation_slack, real(0));
    multiply(image, group, static_cast<const real*>(packed.data()), part);
  });
}

/// One residue class of the input pixels: a stride-1 correlation of grad_y with
/// the taps that reach them.
void backward_data_residue(const ConvShape& s, const ResidueAxis& v, const ResidueAxis& h,
                           OutputGradient grad_y, const real* w, real* grad_x, bool accumulate) {
  const Index rows = s.in_channels / s.groups, sources = s.out_channels / s.groups,
              taps = s.kernel_h * s.kernel_w;
  const PackedPlane plane{.height = s.out_h(),
                          .width = s.out_w(),
                          .rows = v.count + v.span(),
                          .pitch = h.count + h.span(),
                          .first_h = v.lowest,
                          .first_w = h.lowest};
  // Gather the filters, transposed: one row per input channel, one term per
  // output channel and tap.
  Workspace<Index> offsets(sources * taps), tap_of(taps);
  Index reaching = 0;
  for (Index ky = 0; ky < s.kernel_h; ++ky) {
    for (Index kx = 0; kx < s.kernel_w; ++kx) {
      if (!v.reaches(ky) || !h.reaches(kx)) continue;
      offsets.data()[reaching] = (v.shift(ky) - v.lowest) * plane.pitch + h.shift(kx) - h.lowest;
      tap_of.data()[reaching++] = ky * s.kernel_w + kx;
    }
  }
  const Index terms = sources * reaching;
  for (Index t = reaching; t < terms; ++t) offsets.data()[t] = offsets.data()[t - reaching] + plane.size();
  Workspace<> weights(s.groups * rows * terms);
  for (Index group = 0; group < s.groups; ++group) {
    for (Index source = 0; source < sources; ++source) {
      for (Index row = 0; row < rows; ++row) {
        const real* from = w + ((group * sources + source) * rows + row) * taps;
        real* to = weights.data() + (group * rows + row) * terms + source * reaching;
        for (Index t = 0; t < reaching; ++t) to[t] = from[tap_of.data()[t]];
      }
    }
  }
  const bool dense = s.stride_h == 1 && s.stride_w == 1;
  each_gradient(s, plane, grad_y, [&](Index image, Index group, const real* source, const Rows& part) {
    const Correlation c{
        rows, terms, v.count, h.count, plane.pitch, weights.data() + group * rows * terms, offsets.data()};
    each_row(c, source, part, [&](Index row, const Grid& grid) {
      real* out = grad_x + (image * s.in_channels + group * rows + row) * s.height * s.width;
      if (dense) {
        unpack_grid(grid, s.width, 0, false, out, accumulate);
        return;
      }
      for (Index y = 0; y < c.out_h; ++y) {
        for (Index x = 0; x < c.out_w; ++x) {
          real& target = out[(v.residue + y * s.stride_h) * s.width + h.residue + x * s.stride_w];
          target = (accumulate ? target : real(0)) + grid.data[y * c.pitch + x];
        }
      }
    });
  });
}

/// The transpose of a 3×3 convolution is one with the filters reversed, over the gradient with a wider
/// border.
void backward_data_by_winograd(const ConvShape& s, OutputGradient grad_y, const real* w, real* grad_x,
                               bool accumulate) {
  const Index rows = s.in_channels / s.groups, sources = s.out_channels / s.groups;
  const PackedPlane plane{.height = s.out_h(),
                          .width = s.out_w(),
                          .rows = s.height + 2,
                          .pitch = s.width + 2,
                          .first_h = s.pad_h - 2,
                          .first_w = s.pad_w - 2};
  const WinogradShape shape{rows, sources, s.height, s.width, plane.pitch, plane.size()};
  const Index size = winograd_filters_size(shape);
  Workspace<> u(s.groups * size);
  winograd_filters(shape, s.groups, {w, sources * rows * 9, 9, rows * 9, true}, u.data());
  each_gradient(s, plane, grad_y, [&](Index image, Index group, const real* source, const Rows& part) {
    each_winograd_row(shape, u.data() + group * size, source, part, [&](Index row, const Grid& grid) {
      real* out = grad_x + ((image * s.in_channels + group * rows + row) * s.height + grid.first) * s.width;
      unpack_grid(grid, s.width, 0, false, out, accumulate);
    });
  });
}

}  // namespace

void conv_backward_data(const ConvShape& s, OutputGradient grad_y, const real* w, real* grad_x,
                        bool accumulate) {
  if (columns_pay(s)) {
    backward_data_by_columns(s, grad_y, w, grad_x, accumulate);
    return;
  }
  if (winograd_pays(s)) {
    backward_data_by_winograd(s, grad_y, w, grad_x, accumulate);
    return;
  }
  for (Index ry = 0; ry < s.stride_h; ++ry) {
    for (Index rx = 0; rx < s.stride_w; ++rx) {
      const ResidueAxis v(ry, s.stride_h, s.pad_h, s.dilation_h, s.kernel_h, s.height);
      const ResidueAxis h(rx, s.stride_w, s.pad_w, s.dilation_w, s.kernel_w, s.width);
      if (!v.empty() && !h.empty()) {
        backward_data_residue(s, v, h, grad_y, w, grad_x, accumulate);
      } else if (!accumulate && v.count > 0 && h.count > 0) {  // no tap reaches these pixels
        for (Index plane = 0; plane < s.batch * s.in_channels; ++plane) {
          for (Index y = ry; y < s.height; y += s.stride_h) {
            for (Index x = rx; x < s.width; x += s.stride_w) grad_x[(plane * s.height + y) * s.width + x] = 0;
          }
        }
      }
    }
  }
}

}  // namespace fanin::kernels
