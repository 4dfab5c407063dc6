#include <fanin/start/keep_state.hpp>

namespace fanin::start {

KeepGenerators::KeepGenerators(nn::Module& model) : model_(model) {
  for (auto& [name, generator] : model_.named_generators()) generators_.push_back(*generator);
}

KeepGenerators::~KeepGenerators() {
  std::size_t i = 0;
  for (auto& [name, generator] : model_.named_generators()) *generator = generators_[i++];
}

KeepModes::KeepModes(nn::Module& model) {
  for (const auto& one : model.named_modules()) before_.emplace_back(one.module, one.module->training());
}

KeepModes::~KeepModes() {
  // Parents come before their children, whose mode they set too.
  for (const auto& [module, training] : before_) module->train(training);
}

KeepState::KeepState(nn::Module& model) : model_(model), modes_(model), generators_(model) {
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
}

}  // namespace fanin::start
