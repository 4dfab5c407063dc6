#pragma once
#include <cstdint>
#include <vector>

#include "framework/data/dataset.hpp"
#include "framework/nn/module.hpp"
#include "framework/optim/optimizer.hpp"

namespace fanin::claims {

struct ShortTraining {
  Index steps = 100;
  Index batch = 64;
  optim::OptimizerOptions optimizer = {};
  std::uint64_t seed = 0;  ///< of the batches
};

/// What a short training left. After a loss that is not finite, the rest of `losses` is infinite.
struct Course {
  std::vector<double> losses;  ///< one a step
  double test_accuracy = 0;    ///< on 1000 test samples
  /// Mean over the last `count` steps.
  double last_loss(std::size_t count = 20) const;
  /// The first step (counted from 1) by which the mean loss of the last 10 steps is at most `loss`; -1 for never.
  Index steps_to(double loss) const;
};

/// Trains for so many steps, one pass over the first steps · batch samples.
Course train_briefly(nn::Module& model, const Dataset& training, const Dataset& test, const ShortTraining& options);

}  // namespace fanin::claims
