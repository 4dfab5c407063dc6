#pragma once
#include <string>
#include <vector>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// The models that have a summary: the settings' order, then any others.
std::vector<std::string> models_of(const Comparison& comparison);

/// The schemes of the summary in the settings' order: the order of legends and colours.
std::vector<std::string> schemes_of(const Comparison& comparison);

/// One model's rows of the summary at one kind of learning rate, best mean first; equal means and unknown
/// ones keep the settings' order.
std::vector<Summary> ranking(const Comparison& comparison, const std::string& model,
                             RatePick rate = RatePick::common);

/// One model's findings in a few sentences: who has the highest accuracy, whether the lead over the baseline
/// is significant, who may be the best as well, who is significantly better or worse than the baseline, or no
/// different, who diverged, what did not finish. Where schemes also ran at their own best rates, the same of
/// these.
std::string verdict(const Comparison& comparison, const std::string& model);

/// How the intervals, marks and verdicts come about, as a paragraph for whoever reads the table.
std::string method_text(const Settings& settings);

}  // namespace fanin::compare
