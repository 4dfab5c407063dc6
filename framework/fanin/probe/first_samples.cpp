#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/probe/first_samples.hpp>

namespace fanin::probe {

Tensor first_samples(const char* who, const Tensor& batch, Index count) {
  require_defined(who, "the batch", batch);
  if (batch.rank() < 2 || batch.numel() == 0)
    fail("{}: a batch of shape {} has no samples", who, batch.shape().to_string());
  Shape shape;
  shape.append(std::min(count, batch.size(0)));
  for (int i = 1; i < batch.rank(); ++i) shape.append(batch.size(i));
  return Tensor::from(batch.values().subspan(0, static_cast<std::size_t>(shape.numel())), shape);
}

}  // namespace fanin::probe
