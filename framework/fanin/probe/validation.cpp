#include <span>

#include <fanin/probe/tried_models.hpp>
#include <fanin/probe/validation_runs.hpp>

namespace fanin::probe {
namespace {

constexpr Index probed_samples = 256;

void run(Trial& trial, const ValidationSetup& setup, const ValidationRuns& runs) {
  const auto model = setup.build(trial.model);
  const data::Batch batch = probe_batch(runs.data.training, probed_samples, trial.seed);
  auto probed =
      probe_scheme(*model, trial.scheme, init::Plan::parse(trial.scheme), batch, trial.seed, setup.lr);
  trial.probe = std::move(probed.probe);
  trial.diagnosis = std::move(probed.diagnosis);
  trial.accuracy = runs.accuracy_of(*model, trial.seed);
}

std::vector<Trial> trials_of(const ValidationSetup& setup, bool only_held_out) {
  std::vector<Trial> trials;
  for (const auto& model : tried_models()) {
    if (only_held_out && !model.held_out) continue;
    for (const auto& scheme : model.schemes) {
      for (int i = 0; i < setup.seeds; ++i) {
        trials.push_back({.model = model.model,
                          .scheme = scheme,
                          .held_out = model.held_out,
                          .seed = setup.seed + static_cast<std::uint64_t>(i)});
      }
    }
  }
  return trials;
}

void add(VerdictScores& scores, std::span<const Trial> pair) {
  std::size_t foretold = 0, trained_runs = 0;
  for (const Trial& t : pair) {
    scores.runs.add(t.diagnosis.trains(), t.trains());
    foretold += t.diagnosis.trains();
    trained_runs += t.trains();
  }
  scores.pairs.add(2 * foretold > pair.size(), 2 * trained_runs > pair.size());
}

double ratio(int part, int other) {
  return part + other == 0 ? NAN : static_cast<double>(part) / (part + other);
}

}  // namespace

void VerdictScore::add(bool foretold, bool trains) {
  if (foretold)
    ++(trains ? right_trains : wrong_trains);
  else
    ++(trains ? wrong_fails : right_fails);
}

double VerdictScore::precision() const { return ratio(right_trains, wrong_trains); }
double VerdictScore::recall() const { return ratio(right_trains, wrong_fails); }

VerdictValidation validate_verdicts(const ValidationSetup& setup, bool only_held_out,
                                    const std::function<void(const Trial&)>& done) {
  const ValidationRuns runs(setup);
  VerdictValidation result;
  result.trials = trials_of(setup, only_held_out);
  auto& trials = result.trials;
  run_in_order(
      trials.size(), setup.threads, [&](std::size_t i) { run(trials[i], setup, runs); },
      [&](std::size_t i) {
        if (done) done(trials[i]);
      });
  const auto seeds = static_cast<std::size_t>(setup.seeds);
  for (std::size_t i = 0; i < trials.size(); i += seeds) {
    const auto pair = std::span<const Trial>(trials).subspan(i, seeds);
    add(result.all, pair);
    add(pair[0].held_out ? result.held_out : result.fitted, pair);
  }
  return result;
}

}  // namespace fanin::probe
