#pragma once
#include <string>
#include <vector>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// One Summary per model and scheme that has a run, in the settings' order (others follow as they come).
///
/// How runs count: an "ok" run with its final test accuracy. A "diverged" run with chance level exactly (1 /
/// classes): its weights predict nothing, and what they hit by luck is no difference between schemes.
/// "interrupted" and "failed" runs do not count at all. A seed that was run twice counts with its first run.
///
/// Differences are paired by seed with the default scheme, and tested by a two-sided paired t-test; the
/// p-values of one model's schemes are adjusted together by Holm's method.
std::vector<Summary> summarize(const Settings& settings, const std::vector<Run>& runs);

/// The test accuracy a run counts with (see `summarize`); `unknown` when it does not count.
double counted_accuracy(const Settings& settings, const Run& run);

/// The scheme that the others are compared with: `settings.default_scheme`, or the first one named.
std::string default_scheme(const Settings& settings, const std::vector<Run>& runs);

/// What a table calls the row of that scheme: "default" only where it is the layers' own.
std::string baseline_word(const std::string& baseline);
/// In a sentence: "the default", or the scheme's name.
std::string named_baseline(const std::string& baseline);

}  // namespace fanin::compare
