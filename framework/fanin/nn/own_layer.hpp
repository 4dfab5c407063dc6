#pragma once
#include <fanin/core/type_name.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::nn {

/// A layer of one's own, which says no more than what it holds and what it computes:
///
///     struct Block : nn::OwnLayer<Block> {
///       nn::Child<nn::Linear> up = child("up", nn::Linear(8, 32)), down = child("down", nn::Linear(32, 8));
///       Tensor forward(const Tensor& x) override { return x + down(ops::relu(up(x))); }
///     };
///
/// Its kind is its class's name, and a clone is what its copy constructor makes (`Module::copied`).
template <class Layer>
class OwnLayer : public Module {
 public:
  std::string kind() const override { return short_type_name(typeid(Layer)); }

 protected:
  ModulePtr copy() const override { return copied(static_cast<const Layer&>(*this)); }
};

}  // namespace fanin::nn
