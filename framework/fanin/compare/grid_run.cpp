#include <algorithm>
#include <chrono>
#include <cmath>

#include <nlohmann/json.hpp>

#include <fanin/compare/grid.hpp>
#include <fanin/compare/grid_tuning.hpp>
#include <fanin/compare/label_budget.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/linalg/svd.hpp>
#include <fanin/probe/diagnosis.hpp>
#include <fanin/probe/signal.hpp>
#include <fanin/probe/weight_spectrum.hpp>

namespace fanin::compare {
namespace {

constexpr Index probe_samples = 256;  // the same images for every run

constexpr Index most_singular_values = 64;  // that a run keeps of a weight
constexpr double most_spectrum_work =
    1e8;  // multiplications a weight: a page must not cost what training does

SpectrumSnapshot spectrum(const Tensor& weight) {
  if (weight.rank() < 2 || weight.numel() == 0) return {};
  const Index rows = weight.size(0), columns = weight.numel() / rows;
  const double work = static_cast<double>(weight.numel()) * static_cast<double>(std::min(rows, columns));
  const auto values = weight.values();
  const auto finite = [](real value) { return std::isfinite(value); };
  if (work > most_spectrum_work || !std::all_of(values.begin(), values.end(), finite)) return {};
  probe::Spectrum whole;
  try {
    whole = probe::spectrum_of(linalg::singular_values(linalg::Matrix{
        static_cast<std::size_t>(rows), static_cast<std::size_t>(columns), {values.begin(), values.end()}}));
  } catch (const std::exception&) {  // bad_alloc, too
    return {};  // no OpenBLAS here, or no room for it: a run is not to fail by what its page can do without
  }
  SpectrumSnapshot kept{.norm = whole.norm, .stable_rank = whole.stable_rank, .condition = whole.condition};
  const auto all = static_cast<Index>(whole.values.size()), count = std::min(all, most_singular_values);
  for (Index i = 0; i < count; ++i) {
    const Index at = count == 1 ? 0 : i * (all - 1) / (count - 1);
    kept.values.push_back(static_cast<float>(whole.values[static_cast<std::size_t>(at)]));
  }
  return kept;
}

std::vector<ParameterSnapshot> snapshots(nn::Module& model) {
  std::vector<ParameterSnapshot> all;
  for (auto& [name, parameter, owner] : model.named_parameters()) {
    const Tensor& value = parameter->value;
    const auto [mean, std] = moments(value.values());
    all.push_back({.name = name,
                   .shape = {value.shape().begin(), value.shape().end()},
                   .mean = mean,
                   .std = std,
                   .before = probe::histogram(value.values()),
                   .spectrum_before = spectrum(value)});
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

/// Steps of an epoch over `count` samples.
Index batches_of(const train::TrainOptions& options, nn::Module& model, Index count) {
  const data::LastBatch last = train::last_batch_of(options, model);
  return std::max<Index>(1, data::BatchCut(count, std::max<Index>(1, options.batch), last).batches());
}

/// The options of a job's run on `count` samples: a small set is walked more often, and tested some twenty
/// times in all.
train::TrainOptions options_for(const Grid& grid, const Job& job, nn::Module& model, Index count) {
  train::TrainOptions options = options_of(grid, *job.subject);
  options.optimizer.lr = job.lr;
  options.seed = job.seed;
  const Index batches = batches_of(options, model, count);
  const Index epochs = std::max<Index>(options.epochs, (grid.least_steps + batches - 1) / batches);
  options.test_every = static_cast<int>(std::max<Index>(1, epochs / 20));
  options.epochs = static_cast<int>(epochs);
  if (options.log)
    options.log = options.log.labelled({{"model", job.subject->name},
                                        {"scheme", job.scheme->label},
                                        {"seed", job.seed},
                                        {"lr", job.lr},
                                        {"tuning", job.tuning_share > 0}});
  return options;
}

Run begun(const Job& job) {
  return {.model = job.subject->name,
          .scheme = job.scheme->label,
          .plan = job.scheme->start.text(),
          .seed = job.seed,
          .lr = job.lr,
          .rate = job.rate,
          .optimizer = job.subject->optimizer,
          .batch = job.subject->batch};
}

/// Whoever takes a mean of the results, in the summary or from the CSV, counts a run that diverged with chance
/// level.
double counted(const train::TrainResult& result, const train::Evaluation& seen) {
  if (seen.count == 0) return unknown;
  return result.status == train::Status::diverged ? 1.0 / std::max(1, seen.confusion.classes) : seen.accuracy;
}

void note_end(Run& run, const train::TrainResult& result) {
  run.status = status_of(result.status);
  run.diverged_step = result.diverged_step;
  run.message = result.divergence;
  run.steps = result.steps;
  run.seconds = result.seconds;
  run.samples_per_s = result.samples_per_s;
}

/// Calls `body`. What goes wrong in it becomes the run's message, and `failed` is called; but a mistyped text
/// fails the whole grid before it wastes an hour.
void recorded(Run& run, const auto& body, const auto& failed) {
  try {
    body();
    return;
  } catch (const Error& error) {
    if (error.blame() == Blame::usage) throw;
    run.message = error.what();
  } catch (const std::exception& error) {  // std::bad_alloc: a smaller run may find room
    run.message = error.what();
  }
  run.status = Status::failed;
  failed();
}

/// Tells of a run's first step, and then of some ten a second.
void tell_steps(train::TrainOptions& options, const Job& job, const GridProgress& progress, Index steps) {
  if (!progress.on_step) return;
  options.on_step = [&job, &progress, steps, epochs = options.epochs,
                     told = std::chrono::steady_clock::time_point()](Index step, double) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (now - told < std::chrono::milliseconds(100)) return;
    told = now;
    progress.on_step({job.subject->name, job.scheme->label, job.seed, job.rate, job.lr, job.tuning_share,
                      step, steps, epochs});
  };
}

void train_one(Run& run, const Grid& grid, const Job& job, const data::Sets& all,
               const GridProgress& progress, const std::atomic<bool>& interrupted) {
  // On a budget, what is to be validated on is part of the budget.
  const Index labels = job.subject->labels_per_class;
  data::Sets few;
  if (labels > 0) few = {all.training.take_per_class(labels, job.seed), {}, all.test};
  const data::Sets& sets = labels > 0 ? few : all;
  const data::Dataset& training = sets.training;
  const auto model = grid.build(job.subject->model);
  run.plan = grid.initialize(*model, *job.scheme, job.seed, training);
  train::TrainOptions options = options_for(grid, job, *model, training.count);
  if (grid.adjust) grid.adjust(*model, *job.scheme, options);
  // Where nothing can be spared to look at, no steps are counted.
  if (options.validation.none() &&
      !data::why_not_cut(training, train::validation_share(options, sets)).empty())
    options.threshold = 0;
  const data::Batch probe = data::first_batch(all.training, probe_samples, options.augment.normalization());
  run.profile_start = probe::signal_profile(*model, probe.images, probe.labels);
  run.diagnosis = probe::diagnose(probe::probe(*model, probe.images, probe.labels)).to_string();
  run.parameters = snapshots(*model);
  if (keeps_filters(grid, job)) run.filters.before = first_filters(*model, training, run.filters);

  options.stop = [&interrupted] { return interrupted.load(std::memory_order_relaxed); };
  options.on_epoch = [&](const train::EpochRecord& record) {
    if (progress.on_epoch) progress.on_epoch(run.model, run.scheme, run.seed, record);
  };
  tell_steps(options, job, progress, options.epochs * batches_of(options, *model, training.count));
  const auto result = train::fit(*model, sets, options);

  note_end(run, result);
  run.test_accuracy = counted(result, result.test);
  run.test_loss = result.test.loss;
  run.validation_accuracy = counted(result, result.validation);
  if (result.validation.count > 0) run.validation_loss = result.validation.loss;
  run.history = result.history;
  run.loss_curve = result.loss_curve;
  run.threshold_sought = options.threshold > 0;
  run.steps_to_threshold = result.steps_to_threshold;
  // What is left in a model that diverged measures nothing, and who interrupted waits.
  if (run.status == Status::diverged || run.status == Status::interrupted) return;
  run.profile_end = probe::signal_profile(*model, probe.images, probe.labels);
  auto parameters = model->named_parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& value = parameters[i].parameter->value;
    run.parameters[i].after = probe::histogram(value.values());
    run.parameters[i].spectrum_after = spectrum(value);
  }
  if (keeps_filters(grid, job)) run.filters.after = first_filters(*model, training, run.filters);
}

/// So many images of a set, each class in proportion, drawn with `seed`.
data::Dataset part_of(const data::Dataset& data, Index count, std::uint64_t seed) {
  return data.subset(data.draw_by_class(data::stratified(data.class_counts(), count), seed).first);
}

/// A shorter run, and on no more than it has time for: what the schedule makes of its rate, it makes in these
/// steps.
void train_for_rate(Run& run, const Grid& grid, const Job& job, const data::Sets& all,
                    const GridProgress& progress, const std::atomic<bool>& interrupted) {
  const Index labels = job.subject->labels_per_class;
  data::Sets few;
  if (labels > 0)
    few = budget_for_tuning(all.training, labels, job.seed,
                            scoring_seeds(grid, *job.subject, all.training.classes));
  const data::Dataset& training = labels > 0 ? few.training : all.training;
  const data::Dataset& scored = labels > 0 ? few.validation : all.validation;
  const auto model = grid.build(job.subject->model);
  train::TrainOptions options = options_for(grid, job, *model, training.count);
  const Index batches = batches_of(options, *model, training.count);
  const auto steps =
      static_cast<Index>(job.tuning_share * static_cast<double>(batches * options.epochs) + 1e-9);
  if (steps < 1)
    fail_usage(
        "tuning rates takes more: {:.3g} of a run of {} steps is no step; use more epochs, or more seeds",
        job.tuning_share, batches * options.epochs);
  options.epochs = static_cast<int>(std::max<Index>(1, steps / batches));
  options.test_every = options.epochs;
  options.threshold = 0;  // nothing is chosen within the run
  options.early_stopping = {};
  options.validation = {};
  options.stop = [&interrupted] { return interrupted.load(std::memory_order_relaxed); };
  tell_steps(options, job, progress, std::min(steps, batches * options.epochs));
  const Index images = steps < batches ? std::min(training.count, steps * options.batch) : training.count;
  const data::Sets sets{part_of(training, images, job.seed), {}, scored};
  run.plan = grid.initialize(*model, *job.scheme, job.seed, sets.training);
  if (grid.adjust) grid.adjust(*model, *job.scheme, options);
  const auto result = train::fit(*model, sets, options);

  note_end(run, result);
  run.validation_accuracy = counted(result, result.test);
  run.validation_loss = result.test.loss;
}

}  // namespace

bool keeps_filters(const Grid& grid, const Job& job) { return job.seed == grid.seeds.front(); }

Run run_one(const Grid& grid, const Job& job, const data::Sets& sets, const GridProgress& progress,
            const std::atomic<bool>& interrupted) {
  Run run = begun(job);
  const double chance = 1.0 / std::max(1, sets.training.classes);
  if (job.tuning_share > 0) {
    recorded(
        run, [&] { train_for_rate(run, grid, job, sets, progress, interrupted); },
        [&] { run.validation_accuracy = chance; });
  } else {
    recorded(
        run, [&] { train_one(run, grid, job, sets, progress, interrupted); },
        [&] {
          run.test_accuracy = chance;
          if (sets.has_validation()) run.validation_accuracy = chance;
        });
  }
  return run;
}

}  // namespace fanin::compare
