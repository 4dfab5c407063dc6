#pragma once
#include <string>

#include <fanin/init/initializer.hpp>

namespace fanin::start {

/// Of weight_selection.
struct WeightSelectionOptions {
  std::string file{};                ///< weight file of a larger model whose layers have the same names
  std::string nonfinite = "refuse";  ///< or "allow": what to do with tensors that hold NaN or infinities
  std::string key{};  ///< the dict to select from in a file that nests several; empty: the model's
};
/// Xu et al. 2023: every parameter a selection of evenly spaced elements of the tensor of its name in the
/// weight file of a larger model. The file is read when a model is initialized: an Error (usage) there
/// without one, and an Error for a tensor that it lacks, that is smaller in some dimension, or that holds
/// what is not finite.
init::Initializer weight_selection(const WeightSelectionOptions& options);

}  // namespace fanin::start
