#include <algorithm>
#include <limits>

#include <fanin/kernels/conv/planes.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/conv/planes.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

// How planes of an image come into the layout that the convolution kernels read, and back out of their grid.
namespace {

/// Copies n elements and possibly up to a vector more: the caller overwrites or ignores what follows.
FANIN_INLINE void copy_over(Index n, const real* from, real* to) {
  for (Index i = 0; i < n; i += lanes) store(to + i, load(from + i));
}
FANIN_INLINE void zero_over(Index n, real* to) {
  for (Index i = 0; i < n; i += lanes) store(to + i, Vec{});
}

}  // namespace

/// Packs one plane; may write up to a vector past its end. Planes are packed in increasing order, so that
/// heals itself.
void pack_plane(const PackedPlane& s, const real* plane, real* packed) {
  for (Index r = 0; r < s.rows; ++r, packed += s.pitch) {
    const Index y = r * s.step_h + s.first_h;
    if (y < 0 || y >= s.height) {
      zero_over(s.pitch, packed);
      continue;
    }
    const real* row = plane + y * s.width;
    if (s.step_w == 1) {
      const Index left = std::clamp<Index>(-s.first_w, 0, s.pitch);
      const Index from = std::max<Index>(s.first_w, 0);
      const Index inside = std::clamp<Index>(s.width - from, 0, s.pitch - left);
      zero_over(left, packed);
      if (y * s.width + from + (inside + lanes - 1) / lanes * lanes <= s.height * s.width) {
        copy_over(inside, row + from, packed + left);
      } else {
        for (Index x = 0; x < inside; x += lanes)  // nothing readable past the plane
          store(packed + left + x, load_first(row + from + x, std::min<Index>(lanes, inside - x)));
      }
      zero_over(s.pitch - left - inside, packed + left + inside);
    } else {
      for (Index q = 0; q < s.pitch; ++q) {
        const Index x = q * s.step_w + s.first_w;
        packed[q] = x >= 0 && x < s.width ? row[x] : real(0);
      }
    }
  }
}

void unpack_grid(const Grid& from, Index w, real bias, bool relu, real* out, bool accumulate) {
  const real* grid = from.data;
  const Index h = from.rows;
  const Vec shift = broadcast(bias),
            least = broadcast(relu ? real(0) : -std::numeric_limits<real>::infinity());
  const Index rounded = (w + lanes - 1) / lanes * lanes;
  for (Index y = 0; y < h; ++y, grid += from.pitch, out += w) {
    // Writing past the row is fine when all of it is written again with the rows to come; adding is not.
    const Index in_vectors = !accumulate && (h - y) * w >= rounded ? rounded : w / lanes * lanes;
    for (Index x = 0; x < in_vectors; x += lanes) {
      Vec value = load(grid + x) + shift;
      value = value < least ? least : value;
      store(out + x, accumulate ? load(out + x) + value : value);
    }
    for (Index x = in_vectors; x < w; ++x) {
      const real value = grid[x] + bias;
      out[x] = (accumulate ? out[x] : real(0)) + (value < least[0] ? least[0] : value);
    }
  }
}

#else  // once

namespace fanin::kernels {

void pack_plane(const PackedPlane& how, const real* plane, real* packed) {
  FANIN_BY_ISA(pack_plane(how, plane, packed));
}
void unpack_grid(const Grid& grid, Index width, real bias, bool relu, real* out, bool accumulate) {
  FANIN_BY_ISA(unpack_grid(grid, width, bias, relu, out, accumulate));
}

SourcePlan::SourcePlan(const ConvShape& s)
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

void SourcePlan::fill_offsets(const ConvShape& s, Index* offsets) const {
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

SourcePlan::Source SourcePlan::source(const ConvShape& s, const real* x, Index image, Index images,
                                      Index group, real* room) const {
  const Index size = s.height * s.width, step = s.in_channels * size;
  const real* first = x + image * step + group * channels * size;
  const Index behind = (s.batch - image - images + 1) * step - (group + 1) * channels * size;
  const bool lies_packed = phases_h * phases_w == 1 && plane.rows == s.height && plane.pitch == s.width &&
                           plane.first_h == 0 && plane.first_w == 0 && plane.step_h == 1 && plane.step_w == 1;
  if (lies_packed && behind >= correlation_slack) return {first, step};
  const Index room_step = packed_size() + correlation_slack;
  for (Index i = 0; i < images; ++i) pack(first + i * step, room + i * room_step);
  return {room, room_step};
}

void SourcePlan::pack(const real* image, real* packed) const {
  for (Index c = 0; c < channels; ++c) {
    for (Index phase = 0; phase < phases_h * phases_w; ++phase, packed += plane.size()) {
      PackedPlane of_phase = plane;
      of_phase.first_h += phase / phases_w;
      of_phase.first_w += phase % phases_w;
      pack_plane(of_phase, image + c * plane.height * plane.width, packed);
    }
  }
  std::fill_n(packed, correlation_slack, real(0));
}

}  // namespace fanin::kernels

#endif
