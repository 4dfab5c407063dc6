#include "framework/kernels/conv.hpp"

#include <algorithm>

#include "framework/core/parallel.hpp"

namespace fanin::kernels {
namespace {

/// Calls f(y index, x index, w index within the group) for every product of one image and output channel.
template <class F>
void each_product(const ConvShape& s, Index image, Index oc, F f) {
  const Index oh = s.out_h(), ow = s.out_w(), per_group = s.in_channels / s.groups;
  const Index group = oc / (s.out_channels / s.groups);
  for (Index c = 0; c < per_group; ++c) {
    const Index plane = (image * s.in_channels + group * per_group + c) * s.height * s.width;
    for (Index ky = 0; ky < s.kernel_h; ++ky) {
      for (Index kx = 0; kx < s.kernel_w; ++kx) {
        const Index weight = ((oc * per_group + c) * s.kernel_h + ky) * s.kernel_w + kx;
        for (Index oy = 0; oy < oh; ++oy) {
          const Index iy = oy * s.stride_h - s.pad_h + ky * s.dilation_h;
          if (iy < 0 || iy >= s.height) continue;
          for (Index ox = 0; ox < ow; ++ox) {
            const Index ix = ox * s.stride_w - s.pad_w + kx * s.dilation_w;
            if (ix < 0 || ix >= s.width) continue;
            f(((image * s.out_channels + oc) * oh + oy) * ow + ox, plane + iy * s.width + ix, weight);
          }
        }
      }
    }
  }
}

}  // namespace

void conv_forward(const ConvShape& s, const real* x, const real* w, const real* bias, Activation activation,
                  real* y) {
  const Index plane = s.out_h() * s.out_w();
  parallel_for(s.batch * s.out_channels, [&](Index piece) {
    const Index oc = piece % s.out_channels;
    std::fill_n(y + piece * plane, plane, bias ? bias[oc] : real(0));
    each_product(s, piece / s.out_channels, oc,
                 [&](Index iy, Index ix, Index iw) { y[iy] += x[ix] * w[iw]; });
    activation_forward(activation, plane, y + piece * plane, y + piece * plane);
  });
}

void conv_backward_data(const ConvShape& s, const real* grad_y, const real* w, real* grad_x,
                        bool accumulate) {
  const Index image_size = s.in_channels * s.height * s.width;
  parallel_for(s.batch, [&](Index image) {
    if (!accumulate) std::fill_n(grad_x + image * image_size, image_size, real(0));
    for (Index oc = 0; oc < s.out_channels; ++oc) {
      each_product(s, image, oc, [&](Index iy, Index ix, Index iw) { grad_x[ix] += grad_y[iy] * w[iw]; });
    }
  });
}

void conv_backward_weights(const ConvShape& s, const real* x, const real* grad_y, real* grad_w, bool acc_w,
                           real* grad_bias, bool acc_b) {
  const Index filter = s.in_channels / s.groups * s.kernel_h * s.kernel_w, plane = s.out_h() * s.out_w();
  parallel_for(s.out_channels, [&](Index oc) {
    if (grad_w && !acc_w) std::fill_n(grad_w + oc * filter, filter, real(0));
    if (grad_bias && !acc_b) grad_bias[oc] = 0;
    for (Index image = 0; image < s.batch; ++image) {
      if (grad_w)
        each_product(s, image, oc, [&](Index iy, Index ix, Index iw) { grad_w[iw] += grad_y[iy] * x[ix]; });
      if (grad_bias) {
        const real* g = grad_y + (image * s.out_channels + oc) * plane;
        for (Index i = 0; i < plane; ++i) grad_bias[oc] += g[i];
      }
    }
  });
}

}  // namespace fanin::kernels
