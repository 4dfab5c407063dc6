#pragma once
#include <string>
#include <utility>
#include <vector>

#include <fanin/optim/optimizer.hpp>

namespace fanin::start {

/// By how much each parameter's learning rate differs from the optimizer's, so that a layer's outputs change
/// as much in a wide net as in one of `base_width`: the maximal update parametrization (Yang et al. 2022,
/// table 3) of what the scheme `mup` drew, in the order of `named_parameters()`. With r = width / base_width:
///
///                      first layer   hidden   last layer   biases, normalization
///     sgd              r of outputs  1        1/r          r (those of the last layer 1)
///     adam and kin     1             1/r      1/r          1
///
/// Weight decay is divided by the same factor, for every rule, coupled or not: what it takes from a weight in
/// a step, lr · weight_decay of it, is then that of the base width (as the authors' own optimizers,
/// microsoft/mup, do it).
///
/// 1 throughout where no layer was drawn by `mup`. Widths are units or channels; what is in front of a
/// Flatten counts by units.
std::vector<std::pair<std::string, double>> width_scales(nn::Module& model, const optim::UpdateRule& rule);

/// The groups, split so that each parameter learns at its group's rate times its width scale, and decays by
/// its group's weight decay over that scale; as they were where all are 1. Error for a parameter of another
/// model.
std::vector<optim::Group> by_width(nn::Module& model, const optim::UpdateRule& rule,
                                   std::vector<optim::Group> groups);
/// All parameters of the model: for an Optimizer of one's own.
std::vector<optim::Group> by_width(nn::Module& model, const optim::UpdateRule& rule);

}  // namespace fanin::start
