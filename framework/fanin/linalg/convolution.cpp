#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/linalg/convolution.hpp>
#include <fanin/linalg/svd.hpp>

namespace fanin::linalg {
namespace {

using Complex = std::complex<double>;

/// exp(-2πi k / n) for k < n.
std::vector<Complex> unit_roots(std::size_t n) {
  std::vector<Complex> roots(n);
  for (std::size_t k = 0; k < n; ++k)
    roots[k] = std::polar(1.0, -2 * std::acos(-1.0) * static_cast<double>(k) / static_cast<double>(n));
  return roots;
}

/// The kernels' Fourier transform at one frequency after another.
class Transform {
 public:
  Transform(const Convolution& kernels, std::size_t height, std::size_t width)
      : k_(kernels), rows_(unit_roots(height)), columns_(unit_roots(width)) {}

  /// Writes that of group `group` at frequency (u, v), times `scale`, into columns [first, first + in) of
  /// `block`.
  void at(std::size_t group, std::size_t u, std::size_t v, double scale, ComplexMatrix& block,
          std::size_t first) const {
    std::vector<Complex> waves(k_.height * k_.width);
    for (std::size_t a = 0; a < k_.height; ++a)
      for (std::size_t b = 0; b < k_.width; ++b)
        waves[a * k_.width + b] = scale * rows_[u * a * k_.dilation_h % rows_.size()] *
                                  columns_[v * b * k_.dilation_w % columns_.size()];
    const double* taps = k_.values.data() + group * block.rows * k_.in * waves.size();
    for (std::size_t o = 0; o < block.rows; ++o) {
      for (std::size_t i = 0; i < k_.in; ++i, taps += waves.size()) {
        Complex sum = 0;
        for (std::size_t t = 0; t < waves.size(); ++t) sum += taps[t] * waves[t];
        block(o, first + i) = sum;
      }
    }
  }

 private:
  const Convolution& k_;
  std::vector<Complex> rows_, columns_;
};

}  // namespace

double convolution_work(const Convolution& c, std::size_t height, std::size_t width) {
  const double rows = static_cast<double>(c.out / c.groups),
               columns = static_cast<double>(c.in * c.stride_h * c.stride_w);
  const double frequencies =
      static_cast<double>(height / c.stride_h) * static_cast<double>(width / c.stride_w) / 2 + 2;
  const double taps = static_cast<double>(c.height * c.width);
  return static_cast<double>(c.groups) * frequencies * rows * columns *
         (4 * std::min(rows, columns) + 4 * taps);
}

std::vector<double> convolution_singular_values(const Convolution& c, std::size_t height, std::size_t width) {
  if (c.groups == 0 || c.stride_h == 0 || c.stride_w == 0 || c.dilation_h == 0 || c.dilation_w == 0 ||
      c.out % c.groups != 0 || c.values.size() != c.out * c.in * c.height * c.width)
    fail("convolution_singular_values: {} values are no {}×{} kernels of {}×{} in {} groups", c.values.size(),
         c.out, c.in, c.height, c.width, c.groups);
  const auto reach = [](std::size_t taps, std::size_t dilation) {
    return std::max<std::size_t>(1, taps == 0 ? 0 : dilation * (taps - 1) + 1);
  };
  const std::size_t kernel_h = reach(c.height, c.dilation_h), kernel_w = reach(c.width, c.dilation_w);
  if (height < kernel_h || width < kernel_w)
    fail("an image of {}×{} is smaller than a kernel, {}×{}", height, width, kernel_h, kernel_w);
  if (height % c.stride_h != 0 || width % c.stride_w != 0)
    fail("an image of {}×{} is no multiple of the stride {}×{}", height, width, c.stride_h, c.stride_w);
  const Transform transform(c, height, width);
  const std::size_t rows = height / c.stride_h, columns = width / c.stride_w;
  const std::size_t aliases = c.stride_h * c.stride_w;
  std::vector<double> all;
  auto block = ComplexMatrix::zeros(c.out / c.groups, c.in * aliases);
  for (std::size_t group = 0; group < c.groups; ++group) {
    for (std::size_t u = 0; u < rows; ++u) {
      for (std::size_t v = 0; v < columns; ++v) {
        // Real kernels: the opposite frequency has the conjugate matrix, and the same singular values.
        const std::size_t mirror_u = (rows - u) % rows, mirror_v = (columns - v) % columns;
        if (std::pair(mirror_u, mirror_v) < std::pair(u, v)) continue;
        for (std::size_t alias = 0; alias < aliases; ++alias)
          transform.at(group, u + alias / c.stride_w * rows, v + alias % c.stride_w * columns,
                       1 / std::sqrt(static_cast<double>(aliases)), block, alias * c.in);
        const auto values = singular_values(block);
        const int times = std::pair(mirror_u, mirror_v) == std::pair(u, v) ? 1 : 2;
        for (int i = 0; i < times; ++i) all.insert(all.end(), values.begin(), values.end());
      }
    }
  }
  std::sort(all.begin(), all.end(), std::greater<>());
  return all;
}

}  // namespace fanin::linalg
