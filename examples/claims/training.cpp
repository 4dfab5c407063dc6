#include "examples/claims/training.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include <fanin/core/fail.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/trainer.hpp>

namespace fanin::claims {

double Course::last_loss(std::size_t count) const {
  count = std::min(count, losses.size());
  return std::accumulate(losses.end() - static_cast<std::ptrdiff_t>(count), losses.end(), 0.0) /
         static_cast<double>(count);
}

bool Course::reached(double loss) const { return losses.size() >= 10 && last_loss(10) <= loss; }

Course train_briefly(nn::Module& model, const data::Sets& data, const ShortTraining& options) {
  const data::Dataset &training = data.training, &test = data.test;
  const Index samples = options.steps * options.batch;
  if (samples > training.count)
    fail("{} steps of {} samples need {} samples, the set has {}", options.steps, options.batch, samples,
         training.count);
  Course course;
  const auto result =
      train::fit(model, {training.take(samples), {}, test.take(std::min<Index>(1000, test.count))},
                 {.epochs = 1,
                  .batch = options.batch,
                  .seed = options.seed,
                  .optimizer = options.optimizer,
                  .on_step = [&](Index, double loss) { course.losses.push_back(loss); },
                  .stop = [&] { return options.until_loss > 0 && course.reached(options.until_loss); }});
  if (result.status == train::Status::diverged)
    course.losses.resize(static_cast<std::size_t>(options.steps), std::numeric_limits<double>::infinity());
  course.test_accuracy = train::counted_accuracy(result);
  return course;
}

Course train_briefly(nn::Module& model, const std::string& plan, const data::Sets& data,
                     const ShortTraining& options) {
  Generator generator(options.seed);
  start::initialize(model, plan, generator);
  return train_briefly(model, data, options);
}

}  // namespace fanin::claims
