#include "examples/probe_validation/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

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
  return fmt::format("| {} | {} | {} | {} | {} |\n", name, s.count(), s.right_trains + s.wrong_fails,
                     share(s.right_trains, s.right_trains + s.wrong_trains),
                     share(s.right_trains, s.right_trains + s.wrong_fails));
}

std::string table(const std::string& title, const std::vector<FamilyScore>& families) {
  std::string text = fmt::format(
      "| {} | pairs | that train | precision | recall |\n| --- | --- | --- | --- | --- |\n", title);
  Score total;
  for (const FamilyScore& one : families) {
    text += row(one.family, one.score);
    total.add(one.score);
  }
  return text + row("**all**", total) + "\n";
}

/// The verdicts of `fitted` on those of the cases that `counts` says.
Score judged(const statistics::Logistic& fitted, const std::vector<Case>& all,
             const std::function<bool(const Pair&)>& counts) {
  Score score;
  for (const Case& one : all)
    if (counts(one.pair)) score.add(fitted.log_odds(probe::weigh(one.seen)) > 0, one.truth.trains());
  return score;
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
    if (!one.pair.may_be_looked_at()) continue;
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
    const auto of_it = [&](const Pair& pair) {
      return (by_activation ? pair.activation : pair.architecture) == family;
    };
    std::vector<Case> others;
    std::copy_if(all.begin(), all.end(), std::back_inserter(others),
                 [&](const Case& one) { return !of_it(one.pair); });
    scores.push_back({family, judged(fit(others), all,
                                     [&](const Pair& pair) { return of_it(pair) && !pair.kept_back(); })});
  }
  return scores;
}

std::vector<FamilyScore> kept_back(const std::vector<Case>& all) {
  std::vector<FamilyScore> scores;
  const auto fitted = fit(all);
  const auto add = [&](const std::string& family, auto member) {
    scores.push_back({family, judged(fitted, all, [&](const Pair& pair) {
                        return pair.kept_back() && pair.*member == family;
                      })});
  };
  for (const auto& one : kept_back_activations()) add(one, &Pair::activation);
  for (const auto& one : kept_back_architectures()) add(one, &Pair::architecture);
  return scores;
}

std::string report(const std::vector<Case>& all) {
  auto unseen = kept_back(all);
  unseen.push_back({"later pairs of the families above", judged(fit(all), all, [](const Pair& pair) {
                      return !pair.kept_back() && !pair.may_be_looked_at();
                    })});
  return table("activation left out", leave_one_out(all, true)) +
         table("architecture left out", leave_one_out(all, false)) +
         table("neither fitted nor looked at", unseen);
}

std::vector<double> usual(const std::vector<Case>& all) {
  std::vector<double> sums(probe::evidence().size(), 0);
  double count = 0;
  for (const Case& one : all) {
    if (!one.pair.may_be_looked_at() || !one.truth.trains()) continue;
    const auto values = probe::weigh(one.seen);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += values[i];
    ++count;
  }
  for (double& sum : sums) sum /= std::max(count, 1.0);
  return sums;
}

std::string fit_source(const std::vector<Case>& all) {
  const auto list = [](const std::vector<double>& values) {
    std::string text;
    for (const double value : values) text += fmt::format("{}{:.4g}", text.empty() ? "" : ", ", value);
    return text;
  };
  const statistics::Logistic fitted = fit(all);
  return fmt::format("{{.intercept = {:.4g}, .weights = {{{}}}}}\nusual: {}", fitted.intercept,
                     list(fitted.weights), list(usual(all)));
}

}  // namespace fanin::probe_validation
