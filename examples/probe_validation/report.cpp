#include "examples/probe_validation/report.hpp"

#include <fmt/format.h>

#include <cmath>

#include <fanin/statistics/interval.hpp>

namespace fanin::probe_validation {
namespace {

std::string share(int part, int of) {
  if (of == 0) return "-";
  const auto interval = statistics::wilson_interval(part, of);
  return fmt::format("{:.2f} [{:.2f}, {:.2f}] ({}/{})", static_cast<double>(part) / of, interval.low,
                     interval.high, part, of);
}

std::string row(const std::string& name, const Score& s) {
  return fmt::format("| {} | {} | {} | {} |\n", name, s.count(),
                     share(s.right_trains, s.right_trains + s.wrong_trains),
                     share(s.right_trains, s.right_trains + s.wrong_fails));
}

}  // namespace

std::vector<Case> cases(const Known<Truth>& truth, const Known<probe::FirstSteps>& seen) {
  std::vector<Case> all;
  for (const Pair& pair : all_pairs()) {
    const auto became = truth.find(pair.key());
    const auto began = seen.find(pair.key());
    if (became != truth.end() && began != seen.end()) all.push_back({pair, became->second, began->second});
  }
  return all;
}

statistics::Logistic fit(const std::vector<Case>& all) {
  std::vector<std::vector<double>> rows;
  std::vector<bool> outcomes;
  for (const Case& one : all) {
    rows.push_back(probe::weigh(one.seen));
    outcomes.push_back(one.truth.trains());
  }
  return statistics::logistic_fit(rows, outcomes);
}

void Score::add(bool foretold, bool trains) {
  if (foretold)
    ++(trains ? right_trains : wrong_trains);
  else
    ++(trains ? wrong_fails : right_fails);
}

void Score::add(const Score& other) {
  right_trains += other.right_trains;
  wrong_trains += other.wrong_trains;
  right_fails += other.right_fails;
  wrong_fails += other.wrong_fails;
}

std::vector<FamilyScore> leave_one_out(const std::vector<Case>& all, bool by_activation) {
  std::vector<FamilyScore> scores;
  for (const auto& family : by_activation ? activations() : architectures()) {
    std::vector<Case> others, left_out;
    for (const Case& one : all) {
      const bool of_it = (by_activation ? one.pair.activation : one.pair.architecture) == family;
      (of_it ? left_out : others).push_back(one);
    }
    FamilyScore& score = scores.emplace_back(FamilyScore{.family = family, .score = {}});
    if (others.empty()) continue;
    const statistics::Logistic fitted = fit(others);
    for (const Case& one : left_out)
      score.score.add(fitted.log_odds(probe::weigh(one.seen)) > 0, one.truth.trains());
  }
  return scores;
}

std::string report(const std::vector<Case>& all) {
  std::string text;
  for (const bool by_activation : {true, false}) {
    text += fmt::format("| {} left out | pairs | precision | recall |\n| --- | ---: | --- | --- |\n",
                        by_activation ? "activation" : "architecture");
    Score total;
    for (const FamilyScore& one : leave_one_out(all, by_activation)) {
      text += row(one.family, one.score);
      total.add(one.score);
    }
    text += row("**all**", total) + "\n";
  }
  return text;
}

std::string fit_source(const std::vector<Case>& all) {
  const statistics::Logistic fitted = fit(all);
  std::string weights;
  for (const double weight : fitted.weights)
    weights += fmt::format("{}{:.4g}", weights.empty() ? "" : ", ", weight);
  return fmt::format("{{.intercept = {:.4g}, .weights = {{{}}}}}", fitted.intercept, weights);
}

}  // namespace fanin::probe_validation
