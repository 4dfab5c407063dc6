#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/optim/flat_group.hpp>

namespace fanin::optim {
namespace {

/// Each parameter starts on its own cache line.
constexpr Index aligned(Index count) { return (count + 15) / 16 * 16; }

}  // namespace

void Optimizer::FlatGroup::gather(Entry& entry) {
  if (entry.value().numel() != entry.numel) {
    fail(
        "optimizer: parameter '{}' had {} elements when the optimizer was made, and has shape {} now; make another one",
        entry.name, entry.numel, entry.value().shape().to_string());
  }
  const auto there = [&entry](const Tensor& tensor, const Tensor& home) {
    return tensor.has_values() && tensor.data() == home.data() + entry.offset;
  };
  const auto move = [&entry](Tensor& tensor, Tensor& home) {
    auto owner = std::make_shared<Tensor>(home);
    tensor.rebase(owner, home.data() + entry.offset);
    return owner;
  };
  if (!there(entry.value(), values)) entry.home = move(entry.value(), values);
  Tensor& gradient = entry.value().grad_buffer();
  if (!there(gradient, gradients)) move(gradient, gradients);
}

void Optimizer::FlatGroup::take_in() {
  const auto trains = [](const Entry& entry) { return entry.value().requires_grad(); };
  if (std::none_of(frozen.begin(), frozen.end(), trains)) return;
  Index total = values.numel();
  for (Entry& entry : frozen) {
    if (!trains(entry)) continue;
    entry.offset = total;
    total += aligned(entry.numel);
    entries.push_back(entry);
  }
  std::erase_if(frozen, trains);
  const auto grow = [total](Tensor& buffer) {
    Tensor larger = Tensor::zeros({total});
    std::copy(buffer.values().begin(), buffer.values().end(), larger.data());
    buffer = larger;
  };
  grow(values), grow(gradients);
  buffers.clear();
  for (auto& [name, buffer] : state) {
    grow(buffer);
    buffers.push_back(buffer.data());
  }
  for (Entry& entry : entries) gather(entry);
}

}  // namespace fanin::optim
