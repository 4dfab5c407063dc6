#pragma once
#include <string>

#include <fanin/init/fan.hpp>
#include <fanin/init/role.hpp>

namespace fanin::init {

/// Where a parameter stands in its model, for the schemes whose rule depends on it. As made, it is the weight
/// of a lone layer: the first and the last one at once. A weight layer is one with a `weight` of 2 or more
/// dimensions; they are counted in the model's order of declaration, shortcuts included.
struct Site {
  std::string name = {};     ///< full name, `layer1.0.conv1.weight`; empty outside a model
  Role role = Role::weight;  ///< to its layer
  Fans fans = {};            ///< of its layer
  Index layer = 0;     ///< of its weight layer, from 0; -1 for a parameter of another layer (a normalization)
  Index layers = 1;    ///< weight layers in the model
  Index branches = 0;  ///< residual branches in the model
  Index scaled_branches = 0;  ///< those with a learnable scale
  Index branch_layer = 0;     ///< among the weight layers of its residual branch
  Index branch_layers = 0;    ///< weight layers in its residual branch; 0 outside any

  bool first() const { return layer == 0; }          ///< of the model's first weight layer
  bool last() const { return layer + 1 == layers; }  ///< of its last one
  /// Of the last weight layer of its residual branch.
  bool last_in_branch() const { return branch_layers > 0 && branch_layer + 1 == branch_layers; }
};

}  // namespace fanin::init
