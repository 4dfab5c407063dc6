#include "examples/claims/claim.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <mutex>

#include <fanin/core/fail.hpp>
#include <fanin/core/job_team.hpp>

namespace fanin::claims {

bool agrees(const Prediction& p, double seen) {
  switch (p.relation) {
    case Relation::at_least:
      return seen >= p.figure;
    case Relation::at_most:
      return seen <= p.figure;
    case Relation::equal:
      break;
  }
  return std::abs(seen - p.figure) <= p.share * std::abs(p.figure) + p.margin;
}

bool Finding::reproduced() const {
  return error.empty() && !checks.empty() &&
         std::all_of(checks.begin(), checks.end(), [](const Check& one) { return one.holds; });
}

Finding examine(const Claim& claim) {
  Finding finding{.name = claim.name, .paper = claim.paper, .words = claim.words, .setting = claim.setting};
  const auto start = std::chrono::steady_clock::now();
  try {
    const auto predictions = claim.predict();
    const auto seen = claim.measure();
    if (seen.size() != predictions.size())
      fail("claim {}: {} figures are predicted, {} were measured", claim.name, predictions.size(),
           seen.size());
    for (std::size_t i = 0; i < seen.size(); ++i)
      finding.checks.push_back({predictions[i], seen[i], agrees(predictions[i], seen[i])});
  } catch (const std::exception& problem) {
    finding.error = problem.what();
  }
  finding.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return finding;
}

std::vector<Finding> examine_all(const std::vector<Claim>& claims, int jobs,
                                 const std::function<void(const Finding&)>& on_finding) {
  if (jobs < 1 || jobs > 256) fail_usage("claims: jobs must be between 1 and 256, got {}", jobs);
  std::vector<Finding> findings(claims.size());
  std::mutex telling;
  run_jobs(claims.size(), jobs, [&](std::size_t i) {
    findings[i] = examine(claims[i]);
    const std::lock_guard lock(telling);
    if (on_finding) on_finding(findings[i]);
  });
  return findings;
}

}  // namespace fanin::claims
