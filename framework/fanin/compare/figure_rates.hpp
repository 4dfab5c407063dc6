#pragma once
#include <string>
#include <vector>

#include <fanin/compare/figures.hpp>
#include <fanin/compare/table.hpp>

namespace fanin::compare {

/// The subjects without a learning rate that were run at several: those whose windows are known, in the
/// settings' order.
std::vector<std::string> rate_subjects(const Comparison& comparison);

/// Accuracy over the learning rate, of the results and of the runs that chose rates, and each scheme's
/// window. A figure without data is not among them.
std::vector<Figure> rate_figures(const Comparison& comparison, const std::string& window);

/// Each scheme's window; without rows where none is known.
Table windows_table(const Comparison& comparison, const std::string& window);

}  // namespace fanin::compare
