#pragma once
#include <span>
#include <string>
#include <vector>

#include <fanin/compare/counted_runs.hpp>

namespace fanin::compare {

/// One Summary per model, kind of learning rate and scheme that has a run, in the settings' order (others
/// follow as they come), the common rates first, of the runs that count (counted_runs.hpp).
///
/// Differences are paired by seed with the baseline, and tested by a two-sided paired t-test, and by two
/// one-sided ones for equivalence; the p-values of one table (a model's schemes at one
/// kind of rate) are adjusted together by Holm's method,
/// either kind by itself.
std::vector<Summary> summarize(const Settings& settings, const std::vector<Run>& runs);

/// How sure the intervals are of themselves: 0.95, or with `settings.until` 1 − 0.05 / looks. By Bonferroni's
/// inequality an interval then covers with 95 % however the looks before decided, and p-values times the
/// looks keep their level: a group-sequential design (Pocock 1977) that assumes nothing of how looks depend.
double confidence_level(const Settings& settings);

/// The scheme that the others are compared with: `settings.default_scheme`, or the first one named.
std::string default_scheme(const Settings& settings, const std::vector<Run>& runs);

/// What a table calls the row of that scheme: "default" only where it is the layers' own.
std::string baseline_word(const std::string& baseline);
/// In a sentence: "the default", or the scheme's name.
std::string named_baseline(const std::string& baseline);

}  // namespace fanin::compare
