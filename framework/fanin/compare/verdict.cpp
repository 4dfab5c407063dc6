#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/interval_text.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/until.hpp>
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

/// "87.30 ± 0.60 %", "54.49 % [2.31, 98.30]", "10.00 %".
std::string score_text(double center, const statistics::Interval& interval) {
  const std::string text = interval_text(center, interval);
  const std::string value = text::percent(center);
  if (text.starts_with('[')) return fmt::format("{} % {}", value, text);
  return fmt::format("{}{} %", value, text.empty() ? "" : " " + text);
}

/// "0.5" for 0.005.
std::string points(double share) { return fmt::format("{:.6g}", 100 * share); }

std::string leader_sentence(const std::vector<Summary>& rows, const std::string& baseline) {
  const Summary& best = rows.front();
  if (best.runs > 0 && best.diverged + best.failed == best.runs)
    return fmt::format("No scheme is above chance level: all runs of {} {}.", best.scheme,
                       best.failed == 0 ? "diverged" : "diverged or failed");
  const std::string score = score_text(best.mean, best.interval) + " test accuracy";
  if (best.is_default) {
    if (rows.size() == 1) return fmt::format("{} reaches {}.", best.scheme, score);
    return fmt::format("{} has the highest mean: {}.",
                       baseline == "default" ? "The default" : "The baseline " + baseline, score);
  }
  std::string text = fmt::format("{} has the highest mean: {}", best.scheme, score);
  if (!std::isfinite(best.difference_to_default)) return text + ".";
  const std::string interval = interval_text(best.difference_to_default, best.difference_interval);
  text += fmt::format(", {}{} points {} {}", text::percent(std::abs(best.difference_to_default)),
                      interval.empty() ? "" : " " + interval,
                      best.difference_to_default < 0 ? "below" : "above", named_baseline(baseline));
  if (!std::isfinite(best.p_adjusted)) return text + "; one seed cannot tell whether that is luck.";
  text += fmt::format(", which is {}significant ({} after Holm's correction, {} seeds).",
                      best.significant ? "" : "not ", p_text(best.p_adjusted), best.pairs);
  return text + fmt::format(" It beats {} with a probability of {} % [{}, {}].", named_baseline(baseline),
                            text::percent(best.beats, 0), text::percent(best.beats_interval.low, 0),
                            text::percent(best.beats_interval.high, 0));
}

/// The schemes that a look at the ranking does not tell: who cannot be told from the best, who differs from
/// the baseline, who does not.
std::string others_text(const std::vector<Summary>& rows, const Settings& settings,
                        const std::string& baseline) {
  std::vector<std::string> ties, better, worse, equivalent, same, dead;
  for (const Summary& row : rows) {
    const bool leads = &row == &rows.front();
    if (row.among_best && !leads) ties.push_back(row.scheme);
    if (row.finding == Finding::better && !leads) better.push_back(row.scheme);
    if (row.finding == Finding::worse) worse.push_back(row.scheme);
    if (row.equivalent) equivalent.push_back(row.scheme);
    if (row.finding == Finding::same) same.push_back(row.scheme);
    if (row.diverged > 0) dead.push_back(fmt::format("{} ({} of {})", row.scheme, row.diverged, row.runs));
  }
  const std::string name = named_baseline(baseline);
  std::string text;
  const auto say = [&](const std::string& what, const std::vector<std::string>& schemes) {
    if (!schemes.empty()) text += fmt::format(" {}: {}.", what, listed(schemes));
  };
  // Where everything may be the best, a list of everything says less.
  if (ties.size() + 1 == rows.size() && rows.size() > 2)
    text += " No scheme can be told from the best.";
  else
    say("Not told from the best", ties);
  say("Also significantly better than " + name, better);
  say("Significantly worse than " + name, worse);
  say(fmt::format("No difference of more than ±{} points to {}", points(settings.margin), name), equivalent);
  say(fmt::format("The same as {} in every seed", name), same);
  say("Diverged", dead);
  return text;
}

std::string unfinished_sentence(const Comparison& comparison, const std::string& model) {
  std::size_t interrupted = 0, failed = 0;
  for (const Run& run : comparison.runs) {
    if (run.model != model) continue;
    interrupted += run.status == Status::interrupted;
    failed += run.status == Status::failed;
  }
  std::string text;
  if (interrupted > 0)
    text += fmt::format(" Interrupted and not counted: {}.", text::counted(interrupted, "run"));
  if (failed > 0)
    text += fmt::format(" Failed and counted at chance level: {}.", text::counted(failed, "run"));
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

std::vector<std::string> schemes_of(const Comparison& comparison) {
  std::vector<std::string> schemes;
  auto add = [&](const std::string& scheme) {
    const bool summarized = std::any_of(comparison.summary.begin(), comparison.summary.end(),
                                        [&](const Summary& row) { return row.scheme == scheme; });
    if (summarized && std::find(schemes.begin(), schemes.end(), scheme) == schemes.end())
      schemes.push_back(scheme);
  };
  for (const std::string& scheme : comparison.settings.schemes) add(scheme);
  for (const Summary& row : comparison.summary) add(row.scheme);
  return schemes;
}

std::vector<Summary> ranking(const Comparison& comparison, const std::string& model, RatePick rate) {
  std::vector<Summary> rows;
  for (const Summary& row : comparison.summary) {
    if (row.model == model && row.rate == rate) rows.push_back(row);
  }
  auto key = [](const Summary& row) { return std::isfinite(row.mean) ? row.mean : -HUGE_VAL; };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Summary& a, const Summary& b) { return key(a) > key(b); });
  return rows;
}

std::string verdict(const Comparison& comparison, const std::string& model) {
  const std::string baseline = default_scheme(comparison.settings, comparison.runs);
  const auto told = [&](RatePick rate) -> std::string {
    const std::vector<Summary> rows = ranking(comparison, model, rate);
    if (rows.empty() || !std::isfinite(rows.front().mean)) return "";
    return leader_sentence(rows, baseline) + others_text(rows, comparison.settings, baseline);
  };
  std::string text = told(RatePick::common);
  if (const std::string own = told(RatePick::own); !own.empty())
    text += (text.empty() ? "" : " ") + ("Each scheme at its own best rate: " + own);
  return (text.empty() ? "No run finished." : text) + unfinished_sentence(comparison, model);
}

std::string method_text(const Settings& settings) {
  std::string text = fmt::format(
      "± is half of the 95 % confidence interval of a mean over seeds, by Student's t, cut to what is possible "
      "and then written as [low, high]; results that are all equal have none, for they show no spread. "
      "Differences are paired by seed; * marks p < 0.05 in a two-sided paired t-test, after Holm's correction "
      "over the table. The probability of beating is the share of seeds in which a scheme was better, a tie "
      "counting ½, with Clopper and Pearson's interval (Agarwal et al. 2021). Equivalent is a scheme for which "
      "two one-sided t-tests exclude a difference of ±{} points or more, after Holm (Schuirmann 1987). The "
      "best scheme is one of those marked as such, at 95 % (Hsu 1984). A run that diverged or failed counts at "
      "chance level exactly.",
      points(settings.margin));
  const bool validates = std::any_of(settings.extra.begin(), settings.extra.end(),
                                     [](const auto& fact) { return fact.first == "validation_images"; });
  if (validates)
    text +=
        " Accuracies and losses of the tables are of the test set, which each run reads once, with the weights that "
        "it ends with; accuracy per epoch, the steps to an accuracy and what learning rates are chosen by are of "
        "the validation images.";
  if (settings.until > 0) {
    text += fmt::format(
        " Seeds were added until a difference was known to ±{} points or all {} were used; intervals and "
        "p-values allow for the {} looks that this took, by Bonferroni.",
        points(settings.until), settings.seeds.size(), looks(settings.seeds.size()).size());
  }
  return text;
}

}  // namespace fanin::compare
