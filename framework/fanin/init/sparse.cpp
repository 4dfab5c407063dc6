#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include <fanin/core/fail.hpp>
#include <fanin/core/memory.hpp>
#include <fanin/init/families.hpp>
#include <fanin/init/sparse.hpp>

namespace fanin::init {
namespace {

std::size_t zeros_in_column(Index rows, const SparseOptions& options) {
  return static_cast<std::size_t>(std::ceil(options.sparsity * static_cast<double>(rows)));
}

void fill_sparse(Tensor& w, const Site&, Generator& gen, const SparseOptions& options) {
  const Index rows = w.size(0), cols = w.size(1);
  const std::size_t zeros = zeros_in_column(rows, options);
  gen.normal(w.values(), 0, options.std);
  // A block of columns at a time is noted as one word a row, then zeroed row by row: a column's elements lie
  // far apart.
  constexpr Index block = 64;
  PoolVector<Index> order(static_cast<std::size_t>(rows));
  PoolVector<std::uint64_t> zeroed(order.size());
  for (Index first = 0; first < cols; first += block) {
    std::fill(zeroed.begin(), zeroed.end(), 0);
    for (Index col = first; col < std::min(cols, first + block); ++col) {
      gen.randperm_head(order, static_cast<Index>(zeros));
      const std::uint64_t bit = std::uint64_t{1} << (col - first);
      for (std::size_t i = 0; i < zeros; ++i) zeroed[static_cast<std::size_t>(order[i])] |= bit;
    }
    for (Index row = 0; row < rows; ++row) {
      real* at = w.data() + row * cols + first;
      for (std::uint64_t bits = zeroed[static_cast<std::size_t>(row)]; bits != 0; bits &= bits - 1)
        at[std::countr_zero(bits)] = 0;
    }
  }
}

}  // namespace

Initializer sparse(const SparseOptions& options) { return Initializer("sparse", options); }

std::vector<SchemeInfo> sparse_family() {
  return {{.name = "sparse",
           .options = {{"sparsity",
                        &SparseOptions::sparsity,
                        "share of zeros in each column",
                        {.least = 0, .most = 1, .below_most = true}},
                       {"std", &SparseOptions::std, "of the rest", {.least = 0}}},
           .summary = "normal with a fixed share of zeros in each column",
           .formula = "w ~ N(0, std²), then ceil(sparsity · rows) random zeros in each column",
           .paper = "Martens 2010, Deep learning via Hessian-free optimization",
           .use = "wide layers that should not saturate: few inputs a unit, each of them strong",
           .fails = "the default std is not scaled to the width; zeros are not kept during training",
           .least_rank = 2,
           .most_rank = 2,
           .fill = fill_sparse,
           .deviation =
               [](const Shape&, const Fans&, const SparseOptions& options) {
                 return options.std * std::sqrt(1 - options.sparsity);
               },
           .caution = [](const Shape& shape, const SparseOptions& options) -> std::string {
             if (zeros_in_column(shape[0], options) < static_cast<std::size_t>(shape[0])) return "";
             return fmt::format(
                 "sparsity = {} of {} rows, rounded up, is every element of a column: all are 0",
                 options.sparsity, shape[0]);
           }}};
}

}  // namespace fanin::init
