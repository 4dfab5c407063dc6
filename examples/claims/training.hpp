#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <fanin/data/sets.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/optim/optimizer.hpp>

namespace fanin::claims {

struct ShortTraining {
  Index steps = 100;
  Index batch = 64;
  optim::OptimizerOptions optimizer = {};
  std::uint64_t seed = 0;  ///< of the batches, and of a draw
  double until_loss = 0;   ///< ends as soon as `reached`; 0: runs all steps
};

/// What a short training left.
struct Course {
  std::vector<double> losses;  ///< one a step; infinite from where one was not finite
  double test_accuracy = 0;    ///< on 1000 test samples
  /// Mean over the last `count` steps.
  double last_loss(std::size_t count = 20) const;
  /// Whether the mean of the last 10 steps is at most `loss`.
  bool reached(double loss) const;
};

/// Trains for at most so many steps, one pass over the first steps · batch samples.
Course train_briefly(nn::Module& model, const data::Sets& data, const ShortTraining& options);
/// The same of a model that is drawn by `plan` first, from the same seed.
Course train_briefly(nn::Module& model, const std::string& plan, const data::Sets& data,
                     const ShortTraining& options);

}  // namespace fanin::claims
