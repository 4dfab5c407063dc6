#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <fanin/compare/answer.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

constexpr double learned = 0.02;  // above chance
constexpr std::size_t most_named = 5;

/// "a", "a and b", "a, b and 7 others".
std::string listed(std::vector<std::string> names) {
  if (names.size() > most_named + 1) {
    const std::size_t others = names.size() - most_named;
    names.resize(most_named);
    names.push_back(fmt::format("{} others", others));
  }
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

std::string percent_range(const statistics::Interval& interval) {
  return fmt::format("95 % interval {} to {}", text::percent(interval.low), text::percent(interval.high));
}

/// "0.80 points above the default (0.31 to 1.29)".
std::string lead_text(const Summary& best, const std::string& baseline) {
  std::string text =
      fmt::format("{} points {} {}", text::percent(std::abs(best.difference_to_default)),
                  best.difference_to_default < 0 ? "below" : "above", named_baseline(baseline));
  if (best.difference_interval.known())
    text += fmt::format(" ({} to {})", text::signed_percent(best.difference_interval.low),
                        text::signed_percent(best.difference_interval.high));
  return text;
}

std::string sentence(const Comparison& comparison, const std::string& model, RatePick rate) {
  const std::vector<Summary> rows = ranking(comparison, model, rate);
  const std::string on = model + (rate == RatePick::own ? ", each scheme at its own best learning rate" : "");
  if (rows.empty() || !std::isfinite(rows.front().mean)) return fmt::format("On {}, no run finished.", on);
  const Summary& best = rows.front();
  const double chance = 1.0 / static_cast<double>(std::max<Index>(1, comparison.settings.classes));
  if (best.mean <= chance + learned)
    return fmt::format("On {}, no scheme learned anything: the best, {}, reaches {} %.", on, best.scheme,
                       text::percent(best.mean));
  std::vector<std::string> ties, failed, unproven;  // of those that failed: not significantly below the best
  std::size_t others = 0;
  for (const Summary& row : rows) {
    if (&row == &best) continue;
    if (!(row.mean > chance + learned))
      (row.among_best ? unproven : failed).push_back(row.scheme);
    else if (row.among_best)
      ties.push_back(row.scheme);
    else
      ++others;
  }
  std::string text =
      fmt::format("On {}, {} {}: {} %", on, best.scheme,
                  ties.empty() && unproven.empty() && rows.size() > 1 ? "wins" : "has the highest mean",
                  text::percent(best.mean));
  if (best.interval.known()) text += fmt::format(" ({})", percent_range(best.interval));
  if (!best.is_default && std::isfinite(best.difference_to_default))
    text += ", " + lead_text(best, default_scheme(comparison.settings, comparison.runs));
  if (best.runs < 2)
    text += "; one seed cannot tell whether that is luck";
  else if (!ties.empty())
    text += fmt::format(", but {} cannot be told apart from it", listed(ties));
  if (others > 0)
    text += fmt::format("; {} significantly below it",
                        others == 1 ? "1 scheme is" : fmt::format("{} schemes are", others));
  if (!failed.empty()) text += fmt::format("; {} failed to learn", listed(failed));
  if (!unproven.empty())
    text += fmt::format("; {} failed to learn, but {} too few to tell", listed(unproven),
                        best.runs == 1 ? "one seed is" : fmt::format("{} seeds are", best.runs));
  return text + ".";
}

}  // namespace

std::string answer(const Comparison& comparison) {
  std::string text;
  for (const std::string& model : models_of(comparison)) {
    text += (text.empty() ? "" : " ") + sentence(comparison, model, RatePick::common);
    if (!ranking(comparison, model, RatePick::own).empty())
      text += " " + sentence(comparison, model, RatePick::own);
  }
  return text;
}

}  // namespace fanin::compare
