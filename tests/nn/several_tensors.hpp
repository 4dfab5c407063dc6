#pragma once
#include <fanin/core/fail.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/ops/elementwise.hpp>

namespace fanin {

/// Two tensors [N, 6] through one tower; how alike they come out, [N, 2].
class Siamese final : public nn::Module {
 public:
  Siamese()
      : tower_(std::make_shared<nn::Sequential>("fc1", nn::Linear(6, 5), "act", nn::Tanh(), "fc2",
                                                nn::Linear(5, 2))) {
    add_child("tower", tower_);
  }
  std::string kind() const override { return "Siamese"; }

 protected:
  std::vector<Tensor> forward_all(std::span<const Tensor> inputs) override {
    if (inputs.size() != 2) fail("Siamese: takes two tensors, got {}", inputs.size());
    return {ops::mul((*tower_)(inputs[0]), (*tower_)(inputs[1]))};
  }

 private:
  nn::ModulePtr tower_;
};

/// One tensor [N, 6] to logits [N, 3] and a number each, [N, 1].
class TwoHeaded final : public nn::Module {
 public:
  TwoHeaded() {
    add_child("trunk", trunk_);
    add_child("logits", logits_);
    add_child("number", number_);
  }
  std::string kind() const override { return "TwoHeaded"; }

 protected:
  std::vector<Tensor> forward_all(std::span<const Tensor> inputs) override {
    if (inputs.size() != 1) fail("TwoHeaded: takes one tensor, got {}", inputs.size());
    const Tensor features = (*trunk_)(inputs[0]);
    return {(*logits_)(features), (*number_)(features)};
  }

 private:
  nn::ModulePtr trunk_ = std::make_shared<nn::Sequential>("fc", nn::Linear(6, 5), "act", nn::Tanh());
  nn::ModulePtr logits_ = std::make_shared<nn::Linear>(5, 3), number_ = std::make_shared<nn::Linear>(5, 1);
};

}  // namespace fanin
