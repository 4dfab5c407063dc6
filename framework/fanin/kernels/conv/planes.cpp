#include <algorithm>
#include <limits>

#include <fanin/kernels/conv/planes.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/conv/planes.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

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
