#pragma once
#include <vector>

#include <fanin/init/site.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::start {

/// Where each of the model's parameters stands, in the order of `named_parameters()`. A layer in a residual
/// branch within another one counts for the inner branch.
std::vector<init::Site> sites_of(nn::Module& model);

}  // namespace fanin::start
