#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

/// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

std::string p_text(double p) { return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.2g}", p); }

std::string leader_sentence(const std::vector<Summary>& rows, const std::string& baseline) {
  const Summary& best = rows.front();
  if (best.runs > 0 && best.diverged == best.runs)
    return fmt::format("No scheme is above chance level: all runs of {} diverged.", best.scheme);
  const std::string score =
      std::isfinite(best.ci95)
          ? fmt::format("{} ± {} % test accuracy", text::percent(best.mean), text::percent(best.ci95))
          : fmt::format("{} % test accuracy", text::percent(best.mean));
  if (best.is_default) {
    if (rows.size() == 1) return fmt::format("{} reaches {}.", best.scheme, score);
    return fmt::format("{} has the highest mean: {}.",
                       baseline == "default" ? "The default" : "The baseline " + baseline, score);
  }
  std::string text = fmt::format("{} has the highest mean: {}", best.scheme, score);
  if (!std::isfinite(best.difference_to_default)) return text + ".";
  text += fmt::format(", {} points above {}", text::percent(best.difference_to_default),
                      named_baseline(baseline));
  if (!std::isfinite(best.p_adjusted)) return text + "; one seed cannot tell whether that is luck.";
  return fmt::format("{}, which is {}significant ({} after Holm's correction, {} seeds).", text,
                     best.significant ? "" : "not ", p_text(best.p_adjusted), best.pairs);
}

std::string unfinished_sentence(const Comparison& comparison, const std::string& model) {
  int interrupted = 0;
  int failed = 0;
  for (const Run& run : comparison.runs) {
    if (run.model != model) continue;
    interrupted += run.status == "interrupted";
    failed += run.status == "failed";
  }
  std::string text;
  if (interrupted > 0)
    text += fmt::format(" Interrupted and not counted: {}.",
                        text::counted(static_cast<std::size_t>(interrupted), "run"));
  if (failed > 0)
    text +=
        fmt::format(" Failed and not counted: {}.", text::counted(static_cast<std::size_t>(failed), "run"));
  return text;
}

}  // namespace

std::vector<std::string> models_of(const Comparison& comparison) {
  std::vector<std::string> models;
  auto add = [&](const std::string& model) {
    if (std::find(models.begin(), models.end(), model) == models.end()) models.push_back(model);
  };
  for (const std::string& model : comparison.settings.models) {
    const bool summarized = std::any_of(comparison.summary.begin(), comparison.summary.end(),
                                        [&](const Summary& row) { return row.model == model; });
    if (summarized) add(model);
  }
  for (const Summary& row : comparison.summary) add(row.model);
  return models;
}

std::vector<Summary> ranking(const Comparison& comparison, const std::string& model) {
  std::vector<Summary> rows;
  for (const Summary& row : comparison.summary) {
    if (row.model == model) rows.push_back(row);
  }
  auto key = [](const Summary& row) { return std::isfinite(row.mean) ? row.mean : -HUGE_VAL; };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Summary& a, const Summary& b) { return key(a) > key(b); });
  return rows;
}

std::string verdict(const Comparison& comparison, const std::string& model) {
  const std::vector<Summary> rows = ranking(comparison, model);
  const std::string baseline = default_scheme(comparison.settings, comparison.runs);
  const std::string unfinished = unfinished_sentence(comparison, model);
  if (rows.empty() || !std::isfinite(rows.front().mean)) return "No run finished." + unfinished;
  std::string text = leader_sentence(rows, baseline);
  std::vector<std::string> better, worse, diverged;
  for (const Summary& row : rows) {
    if (row.significant && row.difference_to_default > 0 && row.scheme != rows.front().scheme) {
      better.push_back(row.scheme);
    }
    if (row.significant && row.difference_to_default < 0) worse.push_back(row.scheme);
    if (row.diverged > 0)
      diverged.push_back(fmt::format("{} ({} of {})", row.scheme, row.diverged, row.runs));
  }
  if (!better.empty())
    text += fmt::format(" Also significantly better than {}: {}.", named_baseline(baseline), listed(better));
  if (!worse.empty())
    text += fmt::format(" Significantly worse than {}: {}.", named_baseline(baseline), listed(worse));
  if (!diverged.empty()) text += fmt::format(" Diverged: {}.", listed(diverged));
  return text + unfinished;
}

}  // namespace fanin::compare
