#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fanin/compare/figures.hpp>
#include <fanin/compare/summary.hpp>

namespace fanin::compare {
namespace {

constexpr std::size_t most_points = 100;  // of a loss curve

/// Mean and interval of one epoch's accuracies; after it diverged or failed a run counts at chance level, as
/// in the table.
std::vector<FigurePoint> accuracy_curve(const Comparison& comparison, const std::vector<const Run*>& runs,
                                        double EpochRecord::*accuracy) {
  std::set<int> epochs;
  for (const Run* run : runs)
    for (const EpochRecord& record : run->history)
      if (std::isfinite(record.*accuracy)) epochs.insert(record.epoch);
  const double chance = 1.0 / static_cast<double>(std::max<Index>(1, comparison.settings.classes));
  std::vector<FigurePoint> points;
  for (const int epoch : epochs) {
    std::vector<double> values;
    for (const Run* run : runs) {
      const auto record = std::find_if(run->history.begin(), run->history.end(), [&](const EpochRecord& one) {
        return one.epoch == epoch && std::isfinite(one.*accuracy);
      });
      if (record != run->history.end())
        values.push_back((*record).*accuracy);
      else if (is_dead(*run))
        values.push_back(chance);
    }
    if (values.size() != runs.size()) continue;
    points.push_back(mean_point(epoch, values, {0, 1}));
  }
  return points;
}

/// Geometric mean and interval, since its axis is logarithmic. The line ends where the first seed's does.
std::vector<FigurePoint> loss_curve(const std::vector<const Run*>& runs) {
  std::vector<std::map<Index, double>> curves;
  for (const Run* run : runs) curves.emplace_back(run->loss_curve.begin(), run->loss_curve.end());
  std::vector<FigurePoint> points;
  if (curves.empty()) return points;
  const std::size_t stride = curves.front().size() / most_points + 1;
  std::size_t number = 0;
  for (const auto& first : curves.front()) {
    if (number++ % stride != 0) continue;
    std::vector<double> logs;
    for (const auto& curve : curves) {
      const auto found = curve.find(first.first);
      if (found != curve.end() && found->second > 0 && std::isfinite(found->second))
        logs.push_back(std::log(found->second));
    }
    if (logs.size() != curves.size()) continue;
    FigurePoint point = mean_point(static_cast<double>(first.first), logs);
    for (double* value : {&point.y, &point.low, &point.high}) *value = std::exp(*value);
    points.push_back(point);
  }
  return points;
}

/// What an axis must hold of the lines: [least, largest] of all their values in `of`.
std::pair<double, double> extent(const std::vector<Series>& series, double FigurePoint::*of) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const Series& one : series) {
    for (const FigurePoint& point : one.points) {
      if (!std::isfinite(point.*of)) continue;
      low = std::min(low, point.*of);
      high = std::max(high, point.*of);
    }
  }
  return {low, high};
}

/// The range of the schemes that end within 15 points of the best: it shows what they differ by.
Axis leading_axis(const std::string& title, const std::vector<Series>& series) {
  double best = 0, low = 1, high = 0;
  for (const Series& one : series) best = std::max(best, one.points.back().y);
  for (const Series& one : series) {
    if (one.points.back().y < best - 0.15) continue;
    for (const FigurePoint& point : one.points) {
      low = std::min(low, point.y);
      high = std::max({high, point.y, std::isfinite(point.high) ? std::min(point.high, best + 0.05) : 0});
    }
  }
  return linear_axis(title, std::max(0.0, std::floor(50 * low) / 50), std::min(1.0, high + 0.005), 100);
}

/// During training a run is tested on its validation set, where it has one.
bool has_validation(const Comparison& comparison, const std::string& model) {
  return std::any_of(comparison.runs.begin(), comparison.runs.end(), [&](const Run& run) {
    return run.model == model &&
           std::any_of(run.history.begin(), run.history.end(),
                       [](const EpochRecord& record) { return std::isfinite(record.validation_accuracy); });
  });
}

void add_accuracy_curves(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  const bool validation = has_validation(comparison, model);
  const std::string set = validation ? "validation" : "test";
  Figure figure{.kind = Figure::Kind::lines,
                .name = "epochs",
                .title = (validation ? "Validation" : "Test") + std::string(" accuracy per epoch"),
                .caption =
                    "Mean and 95 % confidence band over seeds. The axis fits the schemes that end within 15 "
                    "points of the best.",
                .series = series_of(comparison, model)};
  for (Series& series : figure.series)
    series.points =
        accuracy_curve(comparison, runs_of(comparison, model, series.scheme),
                       validation ? &EpochRecord::validation_accuracy : &EpochRecord::test_accuracy);
  std::erase_if(figure.series, [](const Series& series) { return series.points.empty(); });
  if (figure.series.empty()) return;
  const auto [first, last] = extent(figure.series, &FigurePoint::x);
  if (last <= first) return;  // one epoch is no curve
  figure.x = linear_axis("epoch", first, last);
  std::erase_if(figure.x.ticks, [](const Tick& tick) { return tick.value != std::floor(tick.value); });
  figure.y = leading_axis(set + " accuracy, %", figure.series);
  all.push_back(std::move(figure));
}

void add_loss_curves(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  Figure figure{.kind = Figure::Kind::lines,
                .name = "loss",
                .title = "Training loss per step",
                .caption =
                    "Smoothed; geometric mean and 95 % band over seeds, on a logarithmic axis. "
                    "× is where the first seed diverged.",
                .series = series_of(comparison, model)};
  for (Series& series : figure.series) {
    auto runs = runs_of(comparison, model, series.scheme);
    std::erase_if(runs, [](const Run* run) { return run->loss_curve.empty(); });
    series.points = loss_curve(runs);
    series.ends = !runs.empty() && runs.front()->status == Status::diverged;
  }
  std::erase_if(figure.series, [](const Series& series) { return series.points.empty(); });
  if (figure.series.empty()) return;
  const auto [first, last] = extent(figure.series, &FigurePoint::x);
  auto [low, high] = extent(figure.series, &FigurePoint::y);
  // One scheme that explodes must not flatten all others.
  high = std::min(high, std::max(10.0, 1e4 * low));
  figure.x = linear_axis("step", first, last);
  figure.y = log_axis("training loss, nats", low / 1.1, high * 1.1);
  all.push_back(std::move(figure));
}

/// Whether two subjects differ in their label budget alone.
bool beside(const Subject& one, const Subject& other) {
  return one.model == other.model && one.optimizer == other.optimizer && one.batch == other.batch &&
         one.lr == other.lr;
}

/// Accuracy over the label budget, where a comparison has several ("lenet, 10 labels per class").
void add_labels(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  const auto& subjects = comparison.settings.subjects;
  const auto own =
      std::find_if(subjects.begin(), subjects.end(), [&](const Subject& one) { return one.name == model; });
  if (own == subjects.end()) return;
  std::map<Index, std::string> budgets;
  for (const Subject& one : subjects)
    if (one.labels_per_class > 0 && beside(one, *own)) budgets.emplace(one.labels_per_class, one.name);
  if (budgets.size() < 2) return;
  Figure figure{
      .kind = Figure::Kind::lines,
      .name = "labels",
      .title = "Test accuracy by labels",
      .caption = "Mean and 95 % confidence band over seeds, for each number of training samples per class.",
      .series = series_of(comparison, model)};
  for (Series& series : figure.series) {
    for (const auto& [labels, name] : budgets) {
      const auto row = std::find_if(
          comparison.summary.begin(), comparison.summary.end(), [&, name = name](const Summary& one) {
            return one.model == name && one.scheme == series.scheme && std::isfinite(one.mean);
          });
      if (row == comparison.summary.end()) continue;
      series.points.push_back(accuracy_point(static_cast<double>(labels), *row));
    }
  }
  std::erase_if(figure.series, [](const Series& series) { return series.points.empty(); });
  if (figure.series.empty()) return;
  const auto [low, high] = extent(figure.series, &FigurePoint::y);
  figure.x = log_axis("labels per class", static_cast<double>(budgets.begin()->first),
                      static_cast<double>(budgets.rbegin()->first));
  figure.x.ticks.clear();
  for (const auto& budget : budgets)
    figure.x.ticks.push_back({static_cast<double>(budget.first), std::to_string(budget.first)});
  figure.y = linear_axis("test accuracy, %", std::max(0.0, low - 0.02), std::min(1.0, high + 0.02), 100);
  all.push_back(std::move(figure));
}

}  // namespace

void add_curve_figures(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  add_labels(all, comparison, model);
  add_accuracy_curves(all, comparison, model);
  add_loss_curves(all, comparison, model);
}

}  // namespace fanin::compare
