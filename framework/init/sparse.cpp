#include "framework/init/sparse.hpp"

#include <cmath>

#include "framework/core/memory.hpp"
#include "framework/init/families.hpp"

namespace fanin::init {
namespace {

void fill_sparse(Tensor& w, const Fans&, Generator& gen, const Initializer& options) {
  const Index rows = w.size(0), cols = w.size(1);
  const auto zeros =
      static_cast<std::size_t>(std::ceil(options.number("sparsity") * static_cast<double>(rows)));
  gen.normal(w.values(), 0, options.number("std"));
  PoolVector<Index> order(static_cast<std::size_t>(rows));
  for (Index col = 0; col < cols; ++col) {
    gen.randperm_head(order, static_cast<Index>(zeros));
    for (std::size_t i = 0; i < zeros; ++i) w.data()[order[i] * cols + col] = 0;
  }
}

}  // namespace

Initializer sparse(const SparseOptions& options) {
  return Initializer("sparse", {options.sparsity, options.std});
}

std::vector<SchemeInfo> sparse_family() {
  return {{.name = "sparse",
           .options = {{.name = "sparsity",
                        .standard = 0.1,
                        .meaning = "share of zeros in each column",
                        .least = 0,
                        .most = 1,
                        .below_most = true},
                       {.name = "std", .standard = 0.01, .meaning = "of the rest", .least = 0}},
           .summary = "normal with a fixed share of zeros in each column",
           .formula = "w ~ N(0, std²), then ceil(sparsity · rows) random zeros in each column",
           .paper = "Martens 2010, Deep learning via Hessian-free optimization",
           .use = "wide layers that should not saturate: few inputs a unit, each of them strong",
           .fails = "the default std is not scaled to the width; zeros are not kept during training",
           .least_rank = 2,
           .most_rank = 2,
           .fill = fill_sparse,
           .deviation = [](const Shape&, const Fans&, const Initializer& options) {
             return options.number("std") * std::sqrt(1 - options.number("sparsity"));
           }}};
}

}  // namespace fanin::init
