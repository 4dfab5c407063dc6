#include "framework/kernels/conv.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "framework/core/parallel.hpp"
#include "framework/kernels/columns.hpp"
#include "framework/kernels/correlation.hpp"
#include "framework/kernels/pooled.hpp"
#include "framework/kernels/workspace.hpp"

#define FANIN_KERNEL_SOURCE "framework/kernels/correlation.inl"
#include "framework/kernels/for_each_isa.inl"

namespace fanin::kernels {
namespace {

/// Calls use(first row, rows, grid, stride) for each block of rows of the
/// correlation over one packed source.
template <class Use>
void each_row_block(const Correlation& c, const real* source, Use use) {
  const Index stride = grid_stride_of(c.length());
  const Index limit = FANIN_BY_ISA(correlation_row_limit(c.rows));
  const Index blocks = (c.rows + limit - 1) / limit;
  Workspace<> grid(limit * stride + correlation_slack);
  for (Index block = 0; block < blocks; ++block) {
    const Index row = c.rows * block / blocks, rows = c.rows * (block + 1) / blocks - row;
    FANIN_BY_ISA(correlate(c, source, row, rows, grid.data(), stride));
    use(row, rows, static_cast<const real*>(grid.data()), stride);
  }
}

/// Forward: output y reads rows y·stride + ky·dilation of the padded input:
/// phase (ky·dilation) mod stride, at row y + (ky·dilation) div stride of it.
struct ForwardPlan {
  Index channels, phases_h, phases_w;  // of one group
  PackedPlane plane;                   // of phase (0, 0)

  explicit ForwardPlan(const ConvShape& s)
      : channels(s.in_channels / s.groups),
        phases_h(s.kernel_h == 1 ? 1 : s.stride_h),
        phases_w(s.kernel_w == 1 ? 1 : s.stride_w),
        plane{.height = s.height,
              .width = s.width,
              .rows = s.out_h() + (s.kernel_h - 1) * s.dilation_h / s.stride_h,
              .pitch = s.out_w() + (s.kernel_w - 1) * s.dilation_w / s.stride_w,
              .step_h = s.stride_h,
              .step_w = s.stride_w,
              .first_h = -s.pad_h,
              .first_w = -s.pad_w} {}

  Index terms(const ConvShape& s) const { return channels * s.kernel_h * s.kernel_w; }
  Index packed_size() const { return channels * phases_h * phases_w * plane.size(); }

  /// Where each term of a filter finds its run of pixels, in the order of the
  /// weights.
  void fill_offsets(const ConvShape& s, Index* offsets) const {
    for (Index c = 0; c < channels; ++c) {
      for (Index ky = 0; ky < s.kernel_h; ++ky) {
        for (Index kx = 0; kx < s.kernel_w; ++kx) {
          const Index y = ky * s.dilation_h, x = kx * s.dilation_w;
          const Index phase = (c * phases_h + y % s.stride_h) * phases_w + x % s.stride_w;
          *offsets++ = phase * plane.size() + y / s.stride_h * plane.pitch + x / s.stride_w;
        }
      }
    }
  }

  /// Whether the planes lie in x as they are read, so that they need not be packed.
  bool lies_packed(const ConvShape& s) const {
    return phases_h * phases_w == 1 && plane.rows == s.height && plane.pitch == s.width && plane.first_h == 0 &&
           plane.first_w == 0 && plane.step_h == 1 && plane.step_w == 1;
  }
  /// The planes of one group of `images` images from x's `image` on, `step` apart: as they lie in x where that will do,
  /// else packed into `room`, of images·(packed_size() + correlation_slack) elements.
  struct Source {
    const real* data;
    Index step;
  };
  Source source(const ConvShape& s, const real* x, Index image, Index images, Index group, real* room) const {
    const Index size = s.height * s.width, step = s.in_channels * size;
    const real* first = x + image * step + group * channels * size;
    const Index behind = (s.batch - image - images + 1) * step - (group + 1) * channels * size;
    if (lies_packed(s) && behind >= correlation_slack) return {first, step};
    const Index room_step = packed_size() + correlation_slack;
    for (Index i = 0; i < images; ++i) pack(first + i * step, room + i * room_step);
    return {room, room_step};
  }

 private:
  void pack(const real* image, real* packed) const {
    for (Index c = 0; c < channels; ++c) {
      for (Index phase = 0; phase < phases_h * phases_w; ++phase, packed += plane.size()) {
        PackedPlane of_phase = plane;
        of_phase.first_h += phase / phases_w;
        of_phase.first_w += phase % phases_w;
        FANIN_BY_ISA(pack_plane(of_phase, image + c * plane.height * plane.width, packed));
      }
    }
    std::fill_n(packed, correlation_slack, real(0));
  }
};

}  // namespace

namespace {

/// finish(channel, image, grid, pitch) for every output plane before its bias; the grid is the caller's to read only.
template <class Finish>
void each_output_plane(const ConvShape& s, const real* x, const real* w, Finish finish) {
  const ForwardPlan plan(s);
  const Index rows = s.out_channels / s.groups, terms = plan.terms(s);
  Workspace<Index> offsets(terms);
  plan.fill_offsets(s, offsets.data());
  parallel_for(s.batch * s.groups, [&](Index piece) {
    const Index image = piece / s.groups, group = piece % s.groups;
    Workspace<> packed(plan.packed_size() + correlation_slack);
    const real* source = plan.source(s, x, image, 1, group, packed.data()).data;
    const Correlation c{
        rows, terms, s.out_h(), s.out_w(), plan.plane.pitch, w + group * rows * terms, offsets.data()};
    each_row_block(c, source, [&](Index row, Index count, const real* grid, Index stride) {
      for (Index r = row; r < row + count; ++r, grid += stride) finish(image, group * rows + r, grid, c.pitch);
    });
  });
}

}  // namespace

void conv_forward(const ConvShape& s, const real* x, const real* w, const real* bias, Activation activation,
                  real* y) {
  const Index out_h = s.out_h(), out_w = s.out_w(), out_size = out_h * out_w;
  const bool relu = activation.kind == Activation::Kind::relu;
  each_output_plane(s, x, w, [&](Index image, Index channel, const real* grid, Index pitch) {
    real* out = y + (image * s.out_channels + channel) * out_size;
    FANIN_BY_ISA(unpack_grid(out_h, out_w, pitch, grid, bias ? bias[channel] : real(0), relu, out, false));
    if (!relu && activation.kind != Activation::Kind::none) activation_forward(activation, out_size, out, out);
  });
}

void conv_relu_pool_forward(const ConvShape& s, const real* x, const real* w, const real* bias, real* y,
                            std::uint8_t* chosen) {
  const Index out_h = s.out_h(), out_w = s.out_w(), size = out_h * out_w / 4;
  each_output_plane(s, x, w, [&](Index image, Index channel, const real* grid, Index pitch) {
    const Index out = (image * s.out_channels + channel) * size;
    pool_grid(out_h, out_w, pitch, grid, bias ? bias[channel] : real(0), y + out, chosen ? chosen + out : nullptr);
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

/// One residue class of the input pixels: a stride-1 correlation of grad_y with
/// the taps that reach them.
void backward_data_residue(const ConvShape& s, const ResidueAxis& v, const ResidueAxis& h, OutputGradient grad_y,
                           const real* w, real* grad_x, bool accumulate) {
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
  parallel_for(s.batch * s.groups, [&](Index piece) {
    const Index image = piece / s.groups, group = piece % s.groups;
    Workspace<> packed(sources * plane.size() + correlation_slack);
    Workspace<> room(dense_gradient_room(s, grad_y, sources));
    const real* source = dense_gradient(s, grad_y, image * s.out_channels + group * sources, sources, room.data());
    for (Index i = 0; i < sources; ++i) {
      FANIN_BY_ISA(
          pack_plane(plane, source + i * plane.height * plane.width, packed.data() + i * plane.size()));
    }
    std::fill_n(packed.data() + sources * plane.size(), correlation_slack, real(0));
    const Correlation c{
        rows, terms, v.count, h.count, plane.pitch, weights.data() + group * rows * terms, offsets.data()};
    each_row_block(c, packed.data(), [&](Index row, Index count, const real* grid, Index stride) {
      for (Index r = row; r < row + count; ++r, grid += stride) {
        real* out = grad_x + (image * s.in_channels + group * rows + r) * s.height * s.width;
        if (dense) {
          FANIN_BY_ISA(unpack_grid(c.out_h, c.out_w, c.pitch, grid, 0, false, out, accumulate));
          continue;
        }
        for (Index y = 0; y < c.out_h; ++y) {
          for (Index x = 0; x < c.out_w; ++x) {
            real& target = out[(v.residue + y * s.stride_h) * s.width + h.residue + x * s.stride_w];
            target = (accumulate ? target : real(0)) + grid[y * c.pitch + x];
          }
        }
      }
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

void conv_backward_weights(const ConvShape& s, const real* x, OutputGradient grad_y, real* grad_w, bool acc_w,
                           real* grad_bias, bool acc_b) {
  const ForwardPlan plan(s);
  const Index rows = s.out_channels / s.groups, terms = plan.terms(s), filter_size = s.out_channels * terms;
  const Index plane_size = grad_y.plane_size(s);
  Workspace<Index> offsets(terms);
  plan.fill_offsets(s, offsets.data());
  const Correlation c{rows, terms, s.out_h(), s.out_w(), plan.plane.pitch, nullptr, offsets.data()};
  const PackedPlane gradient{.height = c.out_h, .width = c.out_w, .rows = c.out_h, .pitch = c.pitch};
  const Index grid_stride = grid_stride_of(gradient.size());

  // A fixed number of partial sums over the batch, added in order: the thread
  // count cannot show in the result.
  const Index chunks = std::clamp<Index>(s.batch, 1, 8), chunk_size = filter_size + s.out_channels;
  Workspace<> partial(chunks * chunk_size);
  parallel_for(chunks, [&](Index chunk) {
    real* sum_w = partial.data() + chunk * chunk_size;
    real* sum_b = sum_w + filter_size;
    std::fill_n(sum_w, chunk_size, real(0));
    // As many images at a time as the second-level cache holds: their partial
    // sums are folded only once.
    const Index begin = s.batch * chunk / chunks, end = s.batch * (chunk + 1) / chunks;
    const Index x_size = plan.packed_size() + correlation_slack,
                g_size = rows * grid_stride + correlation_slack;
    const Index together = std::clamp<Index>(100'000 / (x_size + g_size), 1, std::max<Index>(end - begin, 1));
    Workspace<> packed_x(together * x_size), packed_g(together * g_size);
    for (Index image = begin; image < end; image += together) {
      const Index images = std::min(together, end - image);
      for (Index group = 0; group < s.groups; ++group) {
        for (Index i = 0; i < images; ++i) {
          for (Index r = 0; r < rows; ++r) {
            const Index from = ((image + i) * s.out_channels + group * rows + r) * plane_size;
            real* packed = packed_g.data() + i * g_size + r * grid_stride;
            if (grad_y.chosen) {
              spread_gradient(c.out_h, c.out_w, c.pitch, grad_y.data + from, grad_y.chosen + from, packed);
              std::fill(packed + gradient.size(), packed + grid_stride, real(0));
            } else {
              FANIN_BY_ISA(pack_gradient(gradient, grad_y.data + from, packed, grid_stride));
            }
            if (grad_bias) sum_b[group * rows + r] += FANIN_BY_ISA(sum_of(grid_stride, packed));
          }
        }
        if (!grad_w) continue;
        const auto source = plan.source(s, x, image, images, group, packed_x.data());
        FANIN_BY_ISA(correlate_weights(c, images, source.data, source.step, packed_g.data(), g_size, grid_stride,
                                       sum_w + group * rows * terms));
      }
    }
  });
  const auto add_up = [&](real* total, Index first, Index n, bool accumulate) {
    if (!total) return;
    if (chunks == 0 && !accumulate) std::fill_n(total, n, real(0));
    for (Index chunk = 0; chunk < chunks; ++chunk) {
      FANIN_BY_ISA(add_to(n, partial.data() + chunk * chunk_size + first, total, accumulate || chunk > 0));
    }
  };
  add_up(grad_w, 0, filter_size, acc_w);
  add_up(grad_bias, filter_size, s.out_channels, acc_b);
}

}  // namespace fanin::kernels
