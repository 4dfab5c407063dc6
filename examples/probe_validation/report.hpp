#pragma once
#include <string>
#include <vector>

#include "examples/probe_validation/known.hpp"

namespace fanin::probe_validation {

/// A pair with all that is known of it.
struct Case {
  Pair pair;               ///< as drawn
  Truth truth;             ///< of its training
  probe::FirstSteps seen;  ///< before it
};
/// The pairs of which both are known, in their order.
std::vector<Case> cases(const Known<Truth>& truth, const Known<probe::FirstSteps>& seen);

/// The weights that those of the cases give the evidence that may be looked at.
statistics::Logistic fit(const std::vector<Case>& all);

/// The mean of each measure over those of them that train.
std::vector<double> usual(const std::vector<Case>& all);

/// How often "will train" and "will not" were right.
struct Score {
  /// Said to train and do, or do not; said to fail and do, or do not.
  int right_trains = 0, wrong_trains = 0, right_fails = 0, wrong_fails = 0;
  void add(bool foretold, bool trains);  ///< counts one more
  void add(const Score& other);          ///< counts all of those
  int count() const { return right_trains + wrong_trains + right_fails + wrong_fails; }  ///< of all
};

/// Families that were left out of the fit, and how the verdicts on each came out.
struct FamilyScore {
  std::string family;  ///< its name
  Score score;         ///< of its pairs
};
/// For every activation, or every architecture, all of its pairs, judged by weights that are fitted on the
/// others alone.
std::vector<FamilyScore> leave_one_out(const std::vector<Case>& all, bool by_activation);
/// The families kept back, by the fit of the others' first rounds.
std::vector<FamilyScore> kept_back(const std::vector<Case>& all);

/// Three tables in Markdown: precision and recall of each activation left out, of each architecture, and of
/// the families kept back and the later rounds, with Wilson's 95 % intervals, and of all.
std::string report(const std::vector<Case>& all);
/// The fit on what may be looked at, and what is usual, as `outlook.cpp` writes it.
std::string fit_source(const std::vector<Case>& all);

}  // namespace fanin::probe_validation
