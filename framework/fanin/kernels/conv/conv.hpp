#pragma once
#include <fanin/kernels/pointwise/activation.hpp>

namespace fanin::kernels {

/// A 2-d convolution (cross-correlation): x is NCHW, w is [out_channels, in_channels/groups, kernel_h,
/// kernel_w].
struct ConvShape {
  Index batch = 1, in_channels = 1, height = 1, width = 1, out_channels = 1, kernel_h = 1, kernel_w = 1;
  Index stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1, groups = 1;

  Index out_h() const { return (height + 2 * pad_h - dilation_h * (kernel_h - 1) - 1) / stride_h + 1; }
  Index out_w() const { return (width + 2 * pad_w - dilation_w * (kernel_w - 1) - 1) / stride_w + 1; }
};

/// y = act(x ⋆ w + bias); bias may be null.
void conv_forward(const ConvShape& shape, const real* x, const real* w, const real* bias,
                  Activation activation, real* y);

/// y = max_pool2d(relu(x ⋆ w + bias), 2) in one pass, for even out_h and out_w: y is [batch, out_channels,
/// out_h/2, out_w/2]. `chosen`, of y's size, holds what OutputGradient needs; null when no gradient is
/// wanted.
void conv_relu_pool_forward(const ConvShape& shape, const real* x, const real* w, const real* bias, real* y,
                            std::uint8_t* chosen);

/// A gradient over a convolution's output: of every pixel, or of what conv_relu_pool_forward made of it.
struct OutputGradient {
  const real* data;
  /// Of each 2×2 window: the pixel 0..3 its gradient goes to, 4 for none.
  const std::uint8_t* chosen = nullptr;

  OutputGradient(const real* of_every_pixel) : data(of_every_pixel) {}
  OutputGradient(const real* of_windows, const std::uint8_t* chosen_pixels)
      : data(of_windows), chosen(chosen_pixels) {}
  Index plane_size(const ConvShape& s) const { return s.out_h() * s.out_w() / (chosen ? 4 : 1); }
};

/// grad_x (+)= the transpose of the convolution applied to grad_y: also the forward of ConvTranspose2d.
void conv_backward_data(const ConvShape& shape, OutputGradient grad_y, const real* w, real* grad_x,
                        bool accumulate);

/// grad_w (+)= grad_y correlated with x, grad_bias (+)= grad_y summed over batch and pixels; either may be
/// null.
void conv_backward_weights(const ConvShape& shape, const real* x, OutputGradient grad_y, real* grad_w,
                           bool acc_w, real* grad_bias, bool acc_b);

}  // namespace fanin::kernels
