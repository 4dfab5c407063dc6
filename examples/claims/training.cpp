#include "examples/claims/training.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "framework/core/error.hpp"
#include "framework/train/trainer.hpp"

namespace fanin::claims {

double Course::last_loss(std::size_t count) const {
  count = std::min(count, losses.size());
  return std::accumulate(losses.end() - static_cast<std::ptrdiff_t>(count), losses.end(), 0.0) /
         static_cast<double>(count);
}

Index Course::steps_to(double loss) const {
  constexpr std::size_t window = 10;
  for (std::size_t end = window; end <= losses.size(); ++end) {
    const auto first = losses.begin() + static_cast<std::ptrdiff_t>(end - window);
    if (std::accumulate(first, first + window, 0.0) / window <= loss) return static_cast<Index>(end);
  }
  return -1;
}

Course train_briefly(nn::Module& model, const Dataset& training, const Dataset& test, const ShortTraining& options) {
  const Index samples = options.steps * options.batch;
  if (samples > training.count)
    fail("{} steps of {} samples need {} samples, the set has {}", options.steps, options.batch, samples, training.count);
  Course course;
  const auto result = train::train(model, training.take(samples), test.take(std::min<Index>(1000, test.count)),
                                   {.epochs = 1,
                                    .batch = options.batch,
                                    .seed = options.seed,
                                    .optimizer = options.optimizer,
                                    .on_step = [&](Index, double loss) { course.losses.push_back(loss); }});
  course.losses.resize(static_cast<std::size_t>(options.steps), std::numeric_limits<double>::infinity());
  course.test_accuracy = result.test.accuracy;
  return course;
}

}  // namespace fanin::claims
