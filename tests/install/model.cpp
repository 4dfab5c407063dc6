// The second translation unit: the library's headers are in both.
#include "model.hpp"

#include <fanin/datasets.hpp>
#include <fanin/models.hpp>

using namespace fanin;

Block::Block(Index width) {
  add_child("layer", layer_ = std::make_shared<nn::Linear>(width, width));
  alpha_ = add_parameter("alpha", {1}, init::zeros(), {.in = 1, .out = 1});
}

Tensor Block::forward(const Tensor& x) { return x + alpha_->use() * ops::relu((*layer_)(x)); }
