#pragma once
#include <string>

#include <fanin/nn/module.hpp>

namespace fanin::models {

/// A single layer from its text: `linear(784, 256)`, `conv2d(1, 6, kernel=5, padding=2)`,
/// `conv_transpose2d(8, 4, kernel=3)`, `embedding(1000, 64)`, `batch_norm2d(16)`, `layer_norm(64)`,
/// `group_norm(4, 16)`, `prelu`. Parameters are declared, not drawn. Error (usage) with the position and the
/// nearest names.
nn::ModulePtr build_layer(const std::string& text);

}  // namespace fanin::models
