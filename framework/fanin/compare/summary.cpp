#include <algorithm>
#include <cmath>

#include <fanin/compare/summary.hpp>
#include <fanin/compare/until.hpp>
#include <fanin/statistics/pairing.hpp>
#include <fanin/statistics/statistics.hpp>

namespace fanin::compare {
namespace {

template <class T>
void append_new(std::vector<T>& list, const T& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

constexpr double error_rate = 0.05;

double look_count(const Settings& settings) {
  return settings.until > 0 ? static_cast<double>(looks(settings.seeds.size()).size()) : 1;
}

/// p-values that compare with `error_rate` as one of one test would, whatever their number and that of looks.
std::vector<double> adjusted(const Settings& settings, const std::vector<double>& p_values) {
  std::vector<double> result = statistics::holm(p_values);
  for (double& p : result) p = std::isnan(p) ? p : std::min(1.0, p * look_count(settings));
  return result;
}

Summary summary_of(const Settings& settings, const std::vector<Run>& runs, const Group& group) {
  Summary row;
  row.model = group.model;
  row.scheme = group.scheme;
  row.rate = group.rate;
  std::vector<double> accuracies, losses, seconds, steps;
  for (const auto& [seed, run] : counted_runs(settings, runs, group)) {
    row.diverged += run->status == Status::diverged;
    row.failed += run->status == Status::failed;
    accuracies.push_back(counted_accuracy(settings, *run));
    const bool dead = is_dead(*run);
    if (!dead && std::isfinite(run->test_loss)) losses.push_back(run->test_loss);
    if (!dead && std::isfinite(run->seconds)) seconds.push_back(run->seconds);
    row.threshold_sought = row.threshold_sought || run->threshold_sought;
    const bool reached = !dead && run->steps_to_threshold;
    steps.push_back(reached ? static_cast<double>(*run->steps_to_threshold) : HUGE_VAL);
  }
  row.runs = static_cast<int>(accuracies.size());
  row.mean = statistics::mean(accuracies);
  row.std = statistics::sample_std(accuracies);
  row.interval = statistics::mean_interval(accuracies, confidence_level(settings), {0, 1});
  row.ci95 = std::max(row.mean - row.interval.low, row.interval.high - row.mean);
  row.median = statistics::median(accuracies);
  if (!accuracies.empty()) {
    row.minimum = *std::min_element(accuracies.begin(), accuracies.end());
    row.maximum = *std::max_element(accuracies.begin(), accuracies.end());
  }
  row.test_loss = statistics::mean(losses);
  row.train_seconds = statistics::mean(seconds);
  const double middle = statistics::median(steps);
  if (row.threshold_sought && std::isfinite(middle)) row.steps_to_threshold = middle;
  return row;
}

Group group_of(const Summary& row) { return {row.model, row.scheme, row.rate}; }

bool all_dead(const Summary& row) { return row.runs > 0 && row.diverged + row.failed == row.runs; }

Finding finding_of(const Summary& row) {
  if (row.pairs < 2) return Finding::none;
  if (row.significant) return row.difference_to_default > 0 ? Finding::better : Finding::worse;
  if (row.equivalent) return Finding::equivalent;
  // Differences that are all equal have no interval.
  return row.difference_to_default == 0 && !row.difference_interval.known() ? Finding::same
                                                                            : Finding::undecided;
}

/// Fills in what a table's rows say of their difference to the baseline.
void add_differences(std::span<Summary> rows, const Settings& settings, const std::vector<Run>& runs) {
  const auto baseline = std::find_if(rows.begin(), rows.end(), [](const Summary& r) { return r.is_default; });
  if (baseline == rows.end()) return;
  const double level = confidence_level(settings);
  std::vector<Summary*> tested;
  std::vector<double> difference_p, equivalence_p;
  for (Summary& row : rows) {
    if (row.is_default) continue;
    const Pairs pairs = paired_runs(settings, runs, group_of(row), group_of(*baseline));
    row.pairs = static_cast<int>(pairs.differences.size());
    const statistics::PairedTest test = statistics::paired_test(pairs.differences, level, {-1, 1});
    row.difference_to_default = test.difference;
    row.difference_interval = test.interval;
    row.difference_ci95 = std::max(test.difference - test.interval.low, test.interval.high - test.difference);
    row.p_value = test.p_value;
    if (row.pairs > 0) row.beats = pairs.wins / row.pairs;
    row.beats_interval = statistics::share_interval(pairs.wins, row.pairs, level);
    const statistics::Pairing pairing = statistics::pairing_of(pairs.first, pairs.second);
    row.pairing_gain = pairing.gain;
    row.seed_correlation = pairing.correlation;
    tested.push_back(&row);
    difference_p.push_back(test.p_value);
    equivalence_p.push_back(statistics::equivalence_p(pairs.differences, settings.margin));
  }
  difference_p = adjusted(settings, difference_p);
  equivalence_p = adjusted(settings, equivalence_p);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    Summary& row = *tested[i];
    row.p_adjusted = difference_p[i];
    // Chance level stands for a scheme whose runs are all dead: whoever is below it, by luck or early in
    // training, does not make it better.
    const bool dead_ahead = all_dead(row.difference_to_default > 0 ? row : *baseline);
    row.significant = row.p_adjusted < error_rate && !dead_ahead;
    row.equivalence_p = equivalence_p[i];
    row.equivalent = row.equivalence_p < error_rate;
    row.finding = finding_of(row);
  }
}

/// Marks the rows of a table that may be its best (Hsu 1984, multiple comparisons with the best). A scheme
/// that is the best in truth is left out only when another looks significantly better, and there are rows − 1
/// of these.
void mark_best(std::span<Summary> rows, const Settings& settings, const std::vector<Run>& runs) {
  const auto worse = [](const Summary& a, const Summary& b) {
    return !std::isfinite(b.mean) ? false : !std::isfinite(a.mean) || a.mean < b.mean;
  };
  const auto best = std::max_element(rows.begin(), rows.end(), worse);
  if (best == rows.end() || !std::isfinite(best->mean) || all_dead(*best)) return;
  const double tests = static_cast<double>(rows.size() - 1) * look_count(settings);
  for (Summary& row : rows) {
    if (!std::isfinite(row.mean)) continue;
    const Pairs pairs = paired_runs(settings, runs, group_of(*best), group_of(row));
    const statistics::PairedTest test = statistics::paired_test(pairs.differences);
    const bool below = test.difference > 0 && tests * test.p_value / 2 < error_rate;
    row.among_best = &row == &*best || !below;
  }
}

}  // namespace

double confidence_level(const Settings& settings) { return 1 - error_rate / look_count(settings); }

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
    for (const RatePick rate : {RatePick::common, RatePick::own}) {
      const std::size_t before = rows.size();
      for (const std::string& scheme : schemes) {
        const Group group{model, scheme, rate};
        if (std::none_of(runs.begin(), runs.end(), [&](const Run& run) { return belongs(run, group); }))
          continue;
        rows.push_back(summary_of(settings, runs, group));
        rows.back().is_default = scheme == baseline;
      }
      const std::span<Summary> table(rows.begin() + static_cast<std::ptrdiff_t>(before), rows.end());
      add_differences(table, settings, runs);
      mark_best(table, settings, runs);
    }
  }
  return rows;
}

}  // namespace fanin::compare
