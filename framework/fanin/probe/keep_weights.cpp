#include <fanin/probe/keep_weights.hpp>

namespace fanin::probe {

KeepWeights::KeepWeights(nn::Module& model) : state_(model), parameters_(model.named_parameters()) {
  for (auto& one : parameters_) before_.push_back(one.parameter->use().clone());
}

KeepWeights::~KeepWeights() {
  for (std::size_t i = 0; i < before_.size(); ++i) parameters_[i].parameter->value.copy_from(before_[i]);
}

}  // namespace fanin::probe
