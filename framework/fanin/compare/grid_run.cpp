#include <algorithm>

#include <fanin/compare/grid.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/probe/signal.hpp>

namespace fanin::compare {
namespace {

constexpr Index probe_samples = 256;  // the same images for every run
constexpr Index most_filters = 16;

std::vector<ParameterSnapshot> snapshots(nn::Module& model) {
  std::vector<ParameterSnapshot> all;
  for (auto& [name, parameter, owner] : model.named_parameters()) {
    const Tensor& value = parameter->value;
    const auto [mean, std] = moments(value.values());
    all.push_back({.name = name,
                   .shape = {value.shape().begin(), value.shape().end()},
                   .mean = mean,
                   .std = std,
                   .before = probe::histogram(value.values())});
  }
  return all;
}

/// The first weights that look at the image, as images: a convolution's kernels, or a dense layer's rows.
std::vector<float> first_filters(nn::Module& model, const data::Dataset& data, FilterImages& images) {
  for (auto& [name, parameter, owner] : model.named_parameters()) {
    const Tensor& w = parameter->value;
    const bool kernel = w.rank() == 4 && w.size(2) > 1;
    const bool rows = w.rank() == 2 && w.size(1) == data.image_size();
    if (!kernel && !rows) continue;
    images.name = name;
    images.count = std::min(most_filters, w.size(0));
    images.channels = kernel ? w.size(1) : data.channels;
    images.height = kernel ? w.size(2) : data.height;
    images.width = kernel ? w.size(3) : data.width;
    const Index numbers = images.count * images.channels * images.height * images.width;
    return {w.data(), w.data() + numbers};
  }
  return {};
}

Status status_of(train::Status status) {
  switch (status) {
    case train::Status::ok:
      return Status::ok;
    case train::Status::diverged:
      return Status::diverged;
    case train::Status::interrupted:
      return Status::interrupted;
  }
  return Status::failed;
}

/// The grid's training options for a set of `count` samples: a small one is walked more often, and tested
/// some twenty times in all.
train::TrainOptions options_for(const Grid& grid, nn::Module& model, Index count) {
  train::TrainOptions options = grid.training;
  const data::LastBatch last = train::last_batch_of(options, model);
  const Index batches =
      std::max<Index>(1, data::BatchCut(count, std::max<Index>(1, options.batch), last).batches());
  const Index epochs = std::max<Index>(options.epochs, (grid.least_steps + batches - 1) / batches);
  options.test_every = static_cast<int>(std::max<Index>(1, epochs / 20));
  options.epochs = static_cast<int>(epochs);
  return options;
}

}  // namespace

Run run_one(const Grid& grid, const std::string& model_text, Index labels_per_class, const Scheme& scheme,
            std::uint64_t seed, const data::Sets& all, const GridProgress& progress,
            const std::atomic<bool>& interrupted) {
  Run run{.model = subject(model_text, labels_per_class).name,
          .scheme = scheme.label,
          .plan = scheme.start.text(),
          .seed = seed};
  try {
    // On a budget, what is to be validated on is part of the budget.
    data::Sets few;
    if (labels_per_class > 0) few = {all.training.take_per_class(labels_per_class, seed), {}, all.test};
    const data::Sets& sets = labels_per_class > 0 ? few : all;
    const data::Dataset& training = sets.training;
    const auto model = grid.build(model_text);
    run.plan = grid.initialize(*model, scheme, seed, training);
    train::TrainOptions options = options_for(grid, *model, training.count);
    if (grid.adjust) grid.adjust(*model, scheme, options);
    // Where nothing can be spared to look at, no steps are counted.
    if (options.validation.none() &&
        !data::why_not_cut(training, train::validation_share(options, sets)).empty())
      options.threshold = 0;
    const data::Batch probe = data::first_batch(all.training, probe_samples, options.augment.normalization());
    run.profile_start = probe::signal_profile(*model, probe.images, probe.labels);
    run.parameters = snapshots(*model);
    run.filters.before = first_filters(*model, training, run.filters);

    options.seed = seed;
    options.stop = [&interrupted] { return interrupted.load(std::memory_order_relaxed); };
    options.on_epoch = [&](const train::EpochRecord& record) {
      if (progress.on_epoch) progress.on_epoch(run.model, scheme.label, seed, record);
    };
    const auto result = train::train(*model, sets, options);

    run.status = status_of(result.status);
    run.diverged_step = result.diverged_step;
    run.message = result.divergence;
    // Whoever takes a mean of the results, in the summary or from the CSV, counts a run that diverged with
    // chance level.
    run.test_accuracy = train::counted_accuracy(result);
    run.test_loss = result.test.loss;
    run.history = result.history;
    run.loss_curve = result.loss_curve;
    run.steps = result.steps;
    run.threshold_sought = options.threshold > 0;
    run.steps_to_threshold = result.steps_to_threshold;
    run.seconds = result.seconds;
    run.samples_per_s = result.samples_per_s;
    if (run.status == Status::diverged) return run;  // what is left in such a model measures nothing
    run.profile_end = probe::signal_profile(*model, probe.images, probe.labels);
    auto parameters = model->named_parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      run.parameters[i].after = probe::histogram(parameters[i].parameter->value.values());
    }
    run.filters.after = first_filters(*model, training, run.filters);
  } catch (const Error& error) {
    // a mistyped text fails the whole grid before it wastes an hour
    if (error.blame() == Blame::usage) throw;
    run.status = Status::failed;
    run.message = error.what();
  } catch (const std::exception& error) {  // std::bad_alloc: a smaller run may find room
    run.status = Status::failed;
    run.message = error.what();
  }
  return run;
}

}  // namespace fanin::compare
