#include <algorithm>
#include <mutex>

#include <fanin/core/job_team.hpp>
#include <fanin/probe/validation_runs.hpp>
#include <fanin/train/trainer.hpp>

namespace fanin::probe {

ValidationRuns::ValidationRuns(const ValidationSetup& setup)
    : data{.training = setup.data.training.take(std::min(validation_images, setup.data.training.count)),
           .test = setup.data.test.take(std::min(validation_tests, setup.data.test.count))},
      lr(setup.lr) {}

double ValidationRuns::accuracy_of(nn::Module& model, std::uint64_t seed) const {
  train::TrainOptions options{
      .epochs = validation_epochs, .batch = 32, .seed = seed, .test_every = validation_epochs};
  options.optimizer.lr = lr;
  return train::counted_accuracy(train::fit(model, data, options));
}

void run_in_order(std::size_t count, int threads, const std::function<void(std::size_t)>& work,
                  const std::function<void(std::size_t)>& done) {
  std::mutex mutex;  // guards what follows, and `done`
  std::vector<char> finished(count, 0);
  std::size_t reported = 0;
  run_jobs(count, threads, [&](std::size_t i) {
    work(i);
    const std::lock_guard lock(mutex);
    finished[i] = 1;
    for (; reported < count && finished[reported]; ++reported) done(reported);
  });
}

}  // namespace fanin::probe
