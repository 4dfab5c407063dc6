#pragma once
#include <fanin/probe/validation.hpp>

namespace fanin::probe {

/// The images that a setup's runs see, and a run.
struct ValidationRuns {
  /// Copies the images out of the setup.
  explicit ValidationRuns(const ValidationSetup& setup);
  /// Test accuracy after training; 0 for a run that diverges.
  double accuracy_of(nn::Module& model, std::uint64_t seed) const;

  data::Sets data;  ///< the first `validation_images` and `validation_tests`
  double lr;        ///< of the plain SGD
};

/// Calls `work(i)` for every i below `count` on some threads, and `done(i)` in that order as soon as all up
/// to i are.
void run_in_order(std::size_t count, int threads, const std::function<void(std::size_t)>& work,
                  const std::function<void(std::size_t)>& done);

}  // namespace fanin::probe
