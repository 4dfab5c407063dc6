#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/pointwise/layout.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/embedding.hpp>

namespace fanin::ops {
namespace {

struct EmbeddingOp {
  static constexpr const char* name = "embedding";
  PoolVector<std::int32_t> indices;
  Shape to;
  Index width = 0, numel = 0;

  Index rows() const { return static_cast<Index>(indices.size()); }

  Tensor forward(const Tensor& weight) {
    width = weight.size(1), numel = weight.numel();
    Tensor y(to);
    kernels::gather_rows(rows(), width, indices.data(), weight.data(), y.data());
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gw = grads.slot(0);
    if (!gw.accumulate) std::fill_n(gw.data, numel, real(0));
    kernels::scatter_add_rows(rows(), width, indices.data(), grad_output.data(), gw.data);
  }
};

Tensor rows_of(PoolVector<std::int32_t> indices, Shape to, const Tensor& weight) {
  to.append(weight.size(1));
  return record(EmbeddingOp{std::move(indices), to}, weight);
}

void require_index(double index, std::size_t at, const Tensor& weight) {
  if (index >= 0 && index < static_cast<double>(weight.size(0)) && index == static_cast<std::int32_t>(index))
    return;
  fail("embedding: index {} at place {} is none of the rows of weight {}", index, at,
       weight.shape().to_string());
}

}  // namespace

Tensor embedding(std::span<const std::int32_t> indices, const Tensor& weight) {
  require_rank("embedding", "weight", weight, 2, "[count, width]");
  for (std::size_t i = 0; i < indices.size(); ++i) require_index(indices[i], i, weight);
  return rows_of({indices.begin(), indices.end()}, {static_cast<Index>(indices.size())}, weight);
}

Tensor embedding(const Tensor& indices, const Tensor& weight) {
  require_rank("embedding", "weight", weight, 2, "[count, width]");
  require_defined("embedding", "indices", indices);
  const auto values = indices.values();
  PoolVector<std::int32_t> whole(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    require_index(static_cast<double>(values[i]), i, weight);
    whole[i] = static_cast<std::int32_t>(values[i]);
  }
  return rows_of(std::move(whole), indices.shape(), weight);
}

}  // namespace fanin::ops
