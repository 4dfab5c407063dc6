#include <fanin/probe/keep_weights.hpp>

namespace fanin::probe {

KeepWeights::KeepWeights(nn::Module& model) : state_(model), parameters_(model.named_parameters()) {
  for (auto& one : parameters_) before_.push_back(one.parameter->use().clone());
}

KeepWeights::~KeepWeights() {
  for (std::size_t i = 0; i < before_.size(); ++i) parameters_[i].parameter->value.copy_from(before_[i]);
}

void KeepWeights::move_to(const std::vector<double>& direction, double distance) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < before_.size(); ++i) {
    Tensor& value = parameters_[i].parameter->value;
    if (!value.requires_grad()) continue;
    const real* from = before_[i].data();
    for (real& w : value.values())
      w = static_cast<real>(static_cast<double>(*from++) + distance * direction[at++]);
  }
}

std::vector<double> KeepWeights::gradients() const {
  std::vector<double> all;
  for (const auto& one : parameters_) {
    const Tensor& value = one.parameter->value;
    if (!value.requires_grad()) continue;
    const Tensor gradient = value.grad();
    if (gradient.defined())
      all.insert(all.end(), gradient.values().begin(), gradient.values().end());
    else
      all.insert(all.end(), static_cast<std::size_t>(value.numel()), 0.0);
  }
  return all;
}

std::vector<double> KeepWeights::values() const {
  std::vector<double> all;
  for (std::size_t i = 0; i < before_.size(); ++i) {
    if (!parameters_[i].parameter->value.requires_grad()) continue;
    all.insert(all.end(), before_[i].values().begin(), before_[i].values().end());
  }
  return all;
}

}  // namespace fanin::probe
