#include "framework/init/orthogonal.hpp"

#include <algorithm>
#include <cmath>

#include "framework/core/error.hpp"
#include "framework/core/memory.hpp"
#include "framework/init/families.hpp"

extern "C" {  // LAPACK: the QR factors of a column-major matrix, and Q from them
void sgeqrf_(const int* m, const int* n, float* a, const int* lda, float* tau, float* work, const int* lwork,
             int* info);
void sorgqr_(const int* m, const int* n, const int* k, float* a, const int* lda, const float* tau,
             float* work, const int* lwork, int* info);
}

namespace fanin::init {
namespace {

// Replaces the column-major m×n matrix (m ≥ n) by Q of its QR factors, with the signs that make R's diagonal
// positive: then Q is evenly distributed over the orthogonal matrices (Mezzadri 2007).
void orthonormal_columns(float* a, int m, int n) {
  PoolVector<float> tau(static_cast<std::size_t>(n)), signs(static_cast<std::size_t>(n));
  float wanted[2] = {};
  int info = 0;
  const int ask = -1;
  sgeqrf_(&m, &n, a, &m, tau.data(), &wanted[0], &ask, &info);
  sorgqr_(&m, &n, &n, a, &m, tau.data(), &wanted[1], &ask, &info);
  const int space = std::max({n, static_cast<int>(wanted[0]), static_cast<int>(wanted[1])});
  PoolVector<float> work(static_cast<std::size_t>(space));
  sgeqrf_(&m, &n, a, &m, tau.data(), work.data(), &space, &info);
  if (info != 0) fail("orthogonal: LAPACK's sgeqrf failed with code {}", info);
  const auto stride = static_cast<std::size_t>(m);
  for (std::size_t j = 0; j < signs.size(); ++j) {
    const float diagonal = a[j * stride + j];
    signs[j] = diagonal > 0 ? 1.0f : diagonal < 0 ? -1.0f : 0.0f;
  }
  sorgqr_(&m, &n, &n, a, &m, tau.data(), work.data(), &space, &info);
  if (info != 0) fail("orthogonal: LAPACK's sorgqr failed with code {}", info);
  for (std::size_t j = 0; j < signs.size(); ++j)
    for (std::size_t i = 0; i < stride; ++i) a[j * stride + i] *= signs[j];
}

// An orthogonal rows×cols matrix, row-major, times gain.
void draw_orthogonal(real* out, Index rows, Index cols, double gain, Generator& gen) {
  constexpr Index longest = 1 << 30;
  if (rows > longest || cols > longest) fail("orthogonal: a matrix of {} × {} is too large", rows, cols);
  PoolVector<real> drawn(static_cast<std::size_t>(rows * cols));
  gen.normal(drawn, 0, 1);
  PoolVector<float> a(drawn.size());
  // LAPACK wants the longer side as columns' length, column after column.
  const bool wide = rows < cols;
  const Index m = wide ? cols : rows, n = wide ? rows : cols;
  if (wide)
    std::transform(drawn.begin(), drawn.end(), a.begin(), [](real x) { return static_cast<float>(x); });
  else
    for (Index i = 0; i < m; ++i)
      for (Index j = 0; j < n; ++j)
        a[static_cast<std::size_t>(j * m + i)] =
            static_cast<float>(drawn[static_cast<std::size_t>(i * n + j)]);
  orthonormal_columns(a.data(), static_cast<int>(m), static_cast<int>(n));
  const auto factor = static_cast<float>(gain);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < cols; ++j) {
      const float q = wide ? a[static_cast<std::size_t>(i * m + j)] : a[static_cast<std::size_t>(j * m + i)];
      out[i * cols + j] = static_cast<real>(q * factor);
    }
}

}  // namespace

Initializer orthogonal(const OrthogonalOptions& options) { return Initializer("orthogonal", {options.gain}); }
Initializer delta_orthogonal(const OrthogonalOptions& options) {
  return Initializer("delta_orthogonal", {options.gain});
}

std::vector<SchemeInfo> orthogonal_family() {
  const std::vector<OptionSpec> gain = {
      {.name = "gain", .standard = 1.0, .meaning = "factor on the orthogonal matrix"}};
  return {
      {.name = "orthogonal",
       .options = gain,
       .summary = "the weight as a matrix [out, rest] has orthonormal rows or columns",
       .formula = "Q · sign(diag R) · gain with QR = a normal matrix, w Wᵀ or Wᵀ W = gain² · 1",
       .paper =
           "Saxe et al. 2013, Exact solutions to the nonlinear dynamics of learning in deep linear networks",
       .use = "deep or recurrent nets; with gain √2 for ReLU. Keeps norms exactly where the layer is linear",
       .fails = "for a convolution the matrix is orthogonal, the convolution is not; costs O(n³)",
       .least_rank = 2,
       .fill =
           [](Tensor& w, const Fans&, Generator& gen, const Initializer& options) {
             draw_orthogonal(w.data(), w.size(0), w.numel() / w.size(0), options.number("gain"), gen);
           },
       .deviation =
           [](const Shape& shape, const Fans&, const Initializer& options) {
             const Index rows = std::max<Index>(1, shape[0]);
             const Index longer = std::max(rows, shape.numel() / rows);
             return std::abs(options.number("gain")) / std::sqrt(static_cast<double>(longer));
           }},
      {.name = "delta_orthogonal",
       .options = gain,
       .summary = "zero but for an orthogonal matrix at the kernel's centre: a convolution that keeps norms",
       .formula = "w[:, :, centre] = orthogonal(out, in) · gain, the rest 0; needs in ≤ out",
       .paper = "Xiao et al. 2018, Dynamical isometry and a mean field theory of CNNs",
       .use = "very deep plain convolutional nets, tanh at the edge of chaos: thousands of layers train",
       .fails =
           "ReLU nets (their Jacobian cannot be an isometry); starts blind to the neighbourhood of a pixel",
       .least_rank = 3,
       .most_rank = 5,
       .fill =
           [](Tensor& w, const Fans&, Generator& gen, const Initializer& options) {
             const Index out = w.size(0), in = w.size(1), area = w.numel() / (out * in);
             if (in > out)
               fail(
                   "scheme 'delta_orthogonal' cannot fill a tensor of shape {}: {} inputs do not fit into {} "
                   "outputs",
                   w.shape().to_string(), in, out);
             Index centre = 0;
             for (int i = 2; i < w.rank(); ++i) centre = centre * w.size(i) + (w.size(i) - 1) / 2;
             PoolVector<real> matrix(static_cast<std::size_t>(out * in));
             draw_orthogonal(matrix.data(), out, in, options.number("gain"), gen);
             w.fill(0);
             for (std::size_t i = 0; i < matrix.size(); ++i)
               w.data()[static_cast<Index>(i) * area + centre] = matrix[i];
           }},
  };
}

}  // namespace fanin::init
