#include <fanin/start/keep_state.hpp>

namespace fanin::start {

KeepGenerators::KeepGenerators(nn::Module& model) : model_(model) {
  for (auto& [name, generator] : model_.named_generators()) generators_.push_back(*generator);
}

KeepGenerators::~KeepGenerators() {
  std::size_t i = 0;
  for (auto& [name, generator] : model_.named_generators()) *generator = generators_[i++];
}

KeepState::KeepState(nn::Module& model) : model_(model), training_(model.training()), generators_(model) {
  for (auto& [name, buffer] : model_.named_buffers()) buffers_.push_back(buffer.clone());
  for (auto& one : model_.named_parameters()) require_.push_back(one.parameter->value.requires_grad());
  model_.train();
}

KeepState::~KeepState() {
  std::size_t i = 0;
  for (auto& [name, buffer] : model_.named_buffers()) buffer.copy_from(buffers_[i++]);
  i = 0;
  for (auto& one : model_.named_parameters()) {
    one.parameter->value.zero_grad();
    one.parameter->value.set_requires_grad(require_[i++]);
  }
  model_.train(training_);
}

}  // namespace fanin::start
