#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace fanin::linalg {

/// A convolution's kernels [out, in / groups, height, width], and how it runs over its input.
struct Convolution {
  std::size_t out = 0;                         ///< output channels, a multiple of `groups`
  std::size_t in = 0;                          ///< input channels of one group
  std::size_t height = 0, width = 0;           ///< of a kernel
  std::size_t groups = 1;                      ///< of channels, each convolved by itself
  std::size_t stride_h = 1, stride_w = 1;      ///< distance of neighbouring outputs, in inputs
  std::size_t dilation_h = 1, dilation_w = 1;  ///< distance of a kernel's taps
  std::span<const double> values{};            ///< of the kernels, row-major
};

/// Multiplications that `convolution_singular_values` takes, roughly.
double convolution_work(const Convolution& kernels, std::size_t height, std::size_t width);

/// All singular values, largest first, of the linear map from images [in · groups, height, width] to the
/// convolution's outputs, with the image continued beyond its borders by itself (circular padding; with zeros
/// it is a part of such a map of a larger image). The map falls apart into one small complex matrix [out, in]
/// for each frequency of the kernels' Fourier transform (Sedghi, Gupta & Long 2019, The singular values of
/// convolutional layers), for each group; with a stride, into one [out, in · stride_h · stride_w] for each frequency of
/// the output, from the frequencies that the stride makes alike. Error when the image is smaller than a
/// dilated kernel, or no multiple of the stride, or a value is not finite.
std::vector<double> convolution_singular_values(const Convolution& kernels, std::size_t height,
                                                std::size_t width);

}  // namespace fanin::linalg
