#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/core/memory.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/orthogonal.hpp>
#include <fanin/kernels/gemm/qr.hpp>

namespace fanin::init {
namespace {

// out[j, i] = in[i, j], in square tiles so that both stay in the cache.
void transpose(Index rows, Index cols, const real* in, real* out) {
  constexpr Index tile = 16;
  for (Index i0 = 0; i0 < rows; i0 += tile)
    for (Index j0 = 0; j0 < cols; j0 += tile)
      for (Index j = j0; j < std::min(j0 + tile, cols); ++j)
        for (Index i = i0; i < std::min(i0 + tile, rows); ++i) out[j * rows + i] = in[i * cols + j];
}

// An orthogonal rows×cols matrix, row-major, times gain. The signs make it evenly distributed over all of
// them (Mezzadri 2007).
void draw_orthogonal(real* out, Index rows, Index cols, double gain, Generator& gen) {
  PoolVector<real> a(static_cast<std::size_t>(rows * cols)), q(a.size());
  gen.normal(a, 0, 1);
  if (rows < cols) {
    kernels::orthonormal_rows(rows, cols, a.data(), q.data());
    std::copy(q.begin(), q.end(), out);
  } else {
    transpose(rows, cols, a.data(), q.data());
    kernels::orthonormal_rows(cols, rows, q.data(), a.data());
    transpose(cols, rows, a.data(), out);
  }
  for (Index i = 0; i < rows * cols; ++i) out[i] *= static_cast<real>(gain);
}

}  // namespace

Initializer orthogonal(const OrthogonalOptions& options) { return Initializer("orthogonal", options); }
Initializer delta_orthogonal(const OrthogonalOptions& options) {
  return Initializer("delta_orthogonal", options);
}

std::vector<SchemeInfo> orthogonal_family() {
  const std::vector<OptionSpec> gain = {
      {"gain", &OrthogonalOptions::gain, "factor on the orthogonal matrix"}};
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
       .draw = Draw::normals,
       .fill =
           [](Tensor& w, const Site&, Generator& gen, const OrthogonalOptions& options) {
             draw_orthogonal(w.data(), w.size(0), w.numel() / w.size(0), options.gain, gen);
           },
       .deviation =
           [](const Shape& shape, const Fans&, const OrthogonalOptions& options) {
             const Index rows = std::max<Index>(1, shape[0]);
             const Index longer = std::max(rows, shape.numel() / rows);
             return std::abs(options.gain) / std::sqrt(static_cast<double>(longer));
           }},
      {.name = "delta_orthogonal",
       .options = gain,
       .summary = "zero but for an orthogonal matrix at the kernel's centre: a convolution that keeps norms",
       .formula =
           "w[:, :, centre] = orthogonal(out, in) · gain, the rest 0; needs in ≤ out; with groups one such matrix for each",
       .paper = "Xiao et al. 2018, Dynamical isometry and a mean field theory of CNNs",
       .use = "very deep plain convolutional nets, tanh at the edge of chaos: thousands of layers train",
       .fails =
           "ReLU nets (their Jacobian cannot be an isometry); starts blind to the neighbourhood of a pixel",
       .least_rank = 3,
       .most_rank = 5,
       .fill =
           [](Tensor& w, const Site& site, Generator& gen, const OrthogonalOptions& options) {
             const Index groups = groups_of(w.shape(), site.fans), rows = w.size(0) / groups,
                         columns = w.size(1), area = w.numel() / (w.size(0) * columns);
             // The rows of a transposed convolution are its inputs.
             const Index own_in = fans_of(w.shape()).in;
             const bool transposed = site.fans.in != own_in && site.fans.out == own_in;
             const Index in = transposed ? rows : columns, out = transposed ? columns : rows;
             if (in > out)
               fail(
                   "scheme 'delta_orthogonal' cannot fill a tensor of shape {}: {} inputs do not fit into {} "
                   "outputs{}",
                   w.shape().to_string(), in, out, groups > 1 ? " of each group" : "");
             Index centre = 0;
             for (int i = 2; i < w.rank(); ++i) centre = centre * w.size(i) + (w.size(i) - 1) / 2;
             PoolVector<real> matrix(static_cast<std::size_t>(w.size(0) * columns));
             for (Index group = 0; group < groups; ++group)
               draw_orthogonal(matrix.data() + group * rows * columns, rows, columns, options.gain, gen);
             w.fill(0);
             for (std::size_t i = 0; i < matrix.size(); ++i)
               w.data()[static_cast<Index>(i) * area + centre] = matrix[i];
           }},
  };
}

}  // namespace fanin::init
