#pragma once
#include <string>
#include <vector>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// The schemes of the summary in the settings' order: the order of legends and colours.
std::vector<std::string> schemes_of(const Comparison& comparison);

/// What the report's script reads, as JSON that cannot end the script element it stands in: it has no "<".
/// Histograms and filters come from the first run of each model and scheme that has them.
std::string report_data(const Comparison& comparison);

}  // namespace fanin::compare
