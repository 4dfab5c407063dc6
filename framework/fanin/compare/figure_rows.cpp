#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include <fanin/compare/figures.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>
#include <fanin/statistics/statistics.hpp>

namespace fanin::compare {
namespace {

/// A share above chance by this much is one that a scheme learned.
constexpr double learned = 0.02;

/// A row's value and how far its interval and seeds reach.
struct Reach {
  double value, low, high;
  bool alive;  ///< learned something
  bool whole;  ///< its interval must not be cut
};

/// The range of values in which the rows that matter can be told apart: those that learned something and are
/// not four times as far from `anchor` as their median. What is outside has an arrow at the edge, and its
/// number beside it.
std::pair<double, double> fitted(std::vector<Reach> rows, double anchor) {
  if (std::any_of(rows.begin(), rows.end(), [](const Reach& row) { return row.alive; }))
    std::erase_if(rows, [](const Reach& row) { return !row.alive; });
  std::vector<double> gaps;
  for (const Reach& row : rows) gaps.push_back(std::abs(row.value - anchor));
  const double gap = std::max(0.0025, statistics::median(gaps));
  double low = anchor, high = anchor;
  for (const Reach& row : rows) {
    if (std::abs(row.value - anchor) > 4 * gap) continue;
    const double limit = row.whole ? HUGE_VAL : 8 * gap;
    low = std::min({low, row.value, std::max(row.low, anchor - limit)});
    high = std::max({high, row.value, std::min(row.high, anchor + limit)});
  }
  const double room = std::max(0.0005, (high - low) / 25);
  return {low - room, high + room};
}

double chance_of(const Comparison& comparison) {
  return 1.0 / static_cast<double>(std::max<Index>(1, comparison.settings.classes));
}

bool has_learned(const Comparison& comparison, const Summary& row) {
  return row.mean > chance_of(comparison) + learned;
}

/// What a figure of rows shows of a summary.
struct Measure {
  FigurePoint (*point)(const Summary& row);
  std::string (*note)(const Summary& row);
};

std::string signed_text(double value) {
  std::string text = text::signed_percent(value);
  if (text[0] == '-') text.replace(0, 1, "−");
  return text;
}

constexpr Measure accuracy = {[](const Summary& row) { return accuracy_point(row.mean, row); },
                              [](const Summary& row) { return text::percent(row.mean); }};
constexpr Measure difference = {[](const Summary& row) {
                                  return FigurePoint{.x = row.difference_to_default,
                                                     .low = row.difference_interval.low,
                                                     .high = row.difference_interval.high};
                                },
                                [](const Summary& row) {
                                  return signed_text(row.difference_to_default) +
                                         (row.significant ? " *" : "") + (row.equivalent ? " ≡" : "");
                                }};
constexpr Measure beats = {
    [](const Summary& row) {
      return FigurePoint{.x = row.beats, .low = row.beats_interval.low, .high = row.beats_interval.high};
    },
    [](const Summary& row) { return text::percent(row.beats, 0); }};

/// Fills the figure: a row for each scheme of which the measure is known, best first; where schemes also ran
/// at their own learning rates, those results are open marks in the same rows. Returns what the axis is to
/// show.
std::vector<Reach> fill(Figure& figure, const Comparison& comparison, const std::string& model,
                        const Measure& measure) {
  std::vector<Reach> reaches;
  std::map<std::string, Series> empty;
  for (const Series& one : series_of(comparison, model)) empty.emplace(one.scheme, one);
  bool own_rates = false;
  for (const RatePick rate : {RatePick::common, RatePick::own}) {
    for (const Summary& row : ranking(comparison, model, rate)) {
      FigurePoint point = measure.point(row);
      if (!std::isfinite(point.x)) continue;
      auto series = std::find_if(figure.series.begin(), figure.series.end(),
                                 [&](const Series& one) { return one.scheme == row.scheme; });
      if (series == figure.series.end())
        series = figure.series.insert(figure.series.end(), empty.at(row.scheme));
      point.hollow = rate == RatePick::own;
      own_rates = own_rates || point.hollow;
      series->points.push_back(point);
      series->note += (series->note.empty() ? "" : " / ") + measure.note(row);
      const bool known = std::isfinite(point.low) && std::isfinite(point.high);
      reaches.push_back({point.x, known ? point.low : point.x, known ? point.high : point.x,
                         has_learned(comparison, row), row.significant});
    }
  }
  if (own_rates)
    figure.caption += " Filled: at the common learning rate; open: at each scheme's own best one.";
  return reaches;
}

void add_accuracy(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  Figure figure{
      .kind = Figure::Kind::rows,
      .name = "accuracy",
      .title = "Final test accuracy",
      .caption =
          "Mean over seeds with its 95 % confidence interval; a small circle is one seed. The axis fits "
          "the leading schemes: an arrow points to what lies beyond it."};
  std::vector<Reach> reaches = fill(figure, comparison, model, accuracy);
  if (reaches.empty()) return;
  double best = 0;
  for (const Reach& reach : reaches) best = std::max(best, reach.value);
  for (Series& series : figure.series) {
    for (const Run* run : runs_of(comparison, model, series.scheme)) {
      const double value = counted_accuracy(comparison.settings, *run);
      series.seeds.push_back(value);
      reaches.push_back({value, value, value, value > chance_of(comparison) + learned, false});
    }
  }
  const auto [low, high] = fitted(reaches, best);
  figure.x = linear_axis("test accuracy, %", std::max(0.0, low), std::min(1.0, high), 100);
  all.push_back(std::move(figure));
}

void add_difference(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  const std::string baseline = default_scheme(comparison.settings, comparison.runs);
  Figure figure{
      .kind = Figure::Kind::rows,
      .name = "difference",
      .title = "Difference to " + named_baseline(baseline),
      .caption = fmt::format(
          "Paired by seed, with its 95 % confidence interval; * is significant (p < 0.05, two-sided paired "
          "t-test, Holm-adjusted), ≡ no difference of more than ±{:.6g} points. An arrow points to what lies "
          "beyond the axis.",
          100 * comparison.settings.margin),
      .reference = 0};
  const std::vector<Reach> reaches = fill(figure, comparison, model, difference);
  if (reaches.empty()) return;
  const auto [low, high] = fitted(reaches, 0);
  figure.x = linear_axis("percentage points", low, high, 100, true);
  all.push_back(std::move(figure));
}

void add_beats(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  const std::string baseline = default_scheme(comparison.settings, comparison.runs);
  Figure figure{
      .kind = Figure::Kind::rows,
      .name = "beats",
      .title = "Probability of beating " + named_baseline(baseline),
      .caption =
          "The share of seeds in which a scheme was better, a tie counting ½, with its 95 % interval "
          "(Clopper and Pearson): few seeds say little.",
      .x = linear_axis("probability, %", 0, 1, 100),
      .reference = 0.5};
  if (!fill(figure, comparison, model, beats).empty()) all.push_back(std::move(figure));
}

}  // namespace

void add_row_figures(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  add_accuracy(all, comparison, model);
  add_difference(all, comparison, model);
  add_beats(all, comparison, model);
}

}  // namespace fanin::compare
