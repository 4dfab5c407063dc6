// What a checkpoint holds of an optimizer, and how it goes on from there.
#include <fanin/core/fail.hpp>
#include <fanin/optim/flat_group.hpp>

namespace fanin::optim {

std::vector<std::pair<std::string, Tensor>> Optimizer::state() {
  std::vector<std::pair<std::string, Tensor>> all;
  for (auto& group : groups_) {
    for (auto& [name, buffer] : group.state) {
      for (auto& entry : group.entries) {
        all.emplace_back(name + "." + entry.name,
                         Tensor::over(std::make_shared<Tensor>(buffer), buffer.data() + entry.offset,
                                      entry.value().shape()));
      }
    }
  }
  return all;
}

std::vector<std::pair<std::string, Index>> Optimizer::updates() const {
  std::vector<std::pair<std::string, Index>> all;
  for (const auto& group : groups_) {
    for (const auto& entry : group.entries)
      all.emplace_back(entry.name, group.steps == steps_ ? entry.updates : steps_);
  }
  return all;
}

void Optimizer::resume(Index steps, const std::vector<std::pair<std::string, Index>>& updates) {
  if (steps < 0) fail("optimizer: steps must be at least 0, got {}", steps);
  const auto mine = this->updates();
  if (updates.size() != mine.size())
    fail("optimizer: {} parameters cannot go on from {}", mine.size(), updates.size());
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const auto& [name, count] = updates[i];
    if (name != mine[i].first) fail("optimizer: parameter '{}' cannot go on from '{}'", mine[i].first, name);
    if (count < 0 || count > steps)
      fail("optimizer: parameter '{}' cannot have had {} updates in {} steps", name, count, steps);
  }
  auto next = updates.begin();
  for (auto& group : groups_) {
    for (auto& entry : group.entries) entry.updates = (next++)->second;
    group.steps = steps;
  }
  steps_ = steps;
}

void Optimizer::set_steps(Index steps) {
  if (steps < 0) fail("optimizer: steps must be at least 0, got {}", steps);
  steps_ = steps;
}

}  // namespace fanin::optim
