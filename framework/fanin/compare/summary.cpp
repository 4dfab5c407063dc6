#include <algorithm>
#include <cmath>
#include <map>

#include <fanin/compare/summary.hpp>
#include <fanin/statistics/statistics.hpp>

namespace fanin::compare {
namespace {

template <class T>
void append_new(std::vector<T>& list, const T& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

/// One model's and scheme's runs that count, by seed; a seed that was run twice counts once, with its first
/// run.
std::map<std::uint64_t, const Run*> counted_runs(const Settings& settings, const std::vector<Run>& runs,
                                                 const std::string& model, const std::string& scheme) {
  std::map<std::uint64_t, const Run*> result;
  for (const Run& run : runs) {
    if (run.model != model || run.scheme != scheme) continue;
    if (std::isfinite(counted_accuracy(settings, run))) result.emplace(run.seed, &run);
  }
  return result;
}

Summary summary_of(const Settings& settings, const std::vector<Run>& runs, const std::string& model,
                   const std::string& scheme) {
  Summary row;
  row.model = model;
  row.scheme = scheme;
  std::vector<double> accuracies, losses, seconds, steps;
  for (const auto& [seed, run] : counted_runs(settings, runs, model, scheme)) {
    const bool diverged = run->status == "diverged";
    row.diverged += diverged;
    accuracies.push_back(counted_accuracy(settings, *run));
    if (!diverged && std::isfinite(run->test_loss)) losses.push_back(run->test_loss);
    if (!diverged && std::isfinite(run->seconds)) seconds.push_back(run->seconds);
    const bool reached = !diverged && run->steps_to_threshold >= 0;
    steps.push_back(reached ? static_cast<double>(run->steps_to_threshold) : HUGE_VAL);
  }
  row.failed = static_cast<int>(std::count_if(runs.begin(), runs.end(), [&](const Run& run) {
    return run.model == model && run.scheme == scheme && run.status == "failed";
  }));
  row.runs = static_cast<int>(accuracies.size());
  row.mean = statistics::mean(accuracies);
  row.std = statistics::sample_std(accuracies);
  row.ci95 = statistics::confidence95(accuracies);
  row.median = statistics::median(accuracies);
  if (!accuracies.empty()) {
    row.minimum = *std::min_element(accuracies.begin(), accuracies.end());
    row.maximum = *std::max_element(accuracies.begin(), accuracies.end());
  }
  row.test_loss = statistics::mean(losses);
  row.train_seconds = statistics::mean(seconds);
  const double middle = statistics::median(steps);
  row.steps_to_threshold = std::isfinite(middle) ? middle : -1;
  return row;
}

/// Fills in what the rows of `model` say of their difference to the default's.
void add_differences(std::vector<Summary>& rows, const Settings& settings, const std::vector<Run>& runs,
                     const std::string& model, const std::string& baseline) {
  const auto reference = counted_runs(settings, runs, model, baseline);
  std::vector<Summary*> tested;
  std::vector<double> p_values;
  for (Summary& row : rows) {
    if (row.model != model || row.is_default) continue;
    std::vector<double> differences;
    for (const auto& [seed, run] : counted_runs(settings, runs, model, row.scheme)) {
      if (auto found = reference.find(seed); found != reference.end()) {
        differences.push_back(counted_accuracy(settings, *run) - counted_accuracy(settings, *found->second));
      }
    }
    const statistics::PairedTest test = statistics::paired_test(differences);
    row.pairs = static_cast<int>(differences.size());
    row.difference_to_default = test.difference;
    row.difference_ci95 = test.ci95;
    row.p_value = test.p_value;
    tested.push_back(&row);
    p_values.push_back(test.p_value);
  }
  const std::vector<double> adjusted = statistics::holm(p_values);
  const bool baseline_dead = std::all_of(reference.begin(), reference.end(),
                                         [](const auto& one) { return one.second->status == "diverged"; });
  for (std::size_t i = 0; i < tested.size(); ++i) {
    Summary& row = *tested[i];
    row.p_adjusted = adjusted[i];
    // Chance level stands for a scheme whose runs are all dead: whoever is below it, by luck or early in
    // training, does not make it better.
    const bool dead_ahead = row.difference_to_default > 0 ? row.diverged == row.runs : baseline_dead;
    row.significant = adjusted[i] < 0.05 && !dead_ahead;
  }
}

}  // namespace

double counted_accuracy(const Settings& settings, const Run& run) {
  if (run.status == "ok") return run.test_accuracy;
  if (run.status != "diverged") return unknown;
  return 1.0 / static_cast<double>(std::max<Index>(1, settings.classes));
}

std::string default_scheme(const Settings& settings, const std::vector<Run>& runs) {
  if (!settings.default_scheme.empty()) return settings.default_scheme;
  if (!settings.schemes.empty()) return settings.schemes.front();
  return runs.empty() ? "" : runs.front().scheme;
}

std::string baseline_word(const std::string& baseline) {
  return baseline == "default" ? "default" : "baseline";
}

std::string named_baseline(const std::string& baseline) {
  return baseline == "default" ? "the default" : baseline;
}

std::vector<Summary> summarize(const Settings& settings, const std::vector<Run>& runs) {
  std::vector<std::string> models, schemes;
  for (const std::string& model : settings.models) append_new(models, model);
  for (const std::string& scheme : settings.schemes) append_new(schemes, scheme);
  for (const Run& run : runs) {
    append_new(models, run.model);
    append_new(schemes, run.scheme);
  }
  const std::string baseline = default_scheme(settings, runs);
  std::vector<Summary> rows;
  for (const std::string& model : models) {
    for (const std::string& scheme : schemes) {
      const bool was_run = std::any_of(runs.begin(), runs.end(), [&](const Run& run) {
        return run.model == model && run.scheme == scheme;
      });
      if (!was_run) continue;
      rows.push_back(summary_of(settings, runs, model, scheme));
      rows.back().is_default = scheme == baseline;
    }
    add_differences(rows, settings, runs, model, baseline);
  }
  return rows;
}

}  // namespace fanin::compare
