#pragma once
#include <vector>

#include "framework/init/site.hpp"
#include "framework/nn/module.hpp"

namespace fanin::nn {

/// Where each of the model's parameters stands, in the order of `named_parameters()`.
std::vector<init::Site> sites_of(Module& model);

}  // namespace fanin::nn
