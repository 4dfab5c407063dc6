#pragma once
#include <string>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// A learning rate as tables have it, "0.03"; `no_value` for none.
std::string rate_text(double rate);

/// "0.02–0.5: ×25", the rates of a window; "≤0.003–0.3: ≥×100" for one that reaches the end of what was tried;
/// "–" for a scheme without one.
std::string window_text(const Window& window);

/// The windows of a comparison for a terminal of so many columns, a table for each subject: a line for each scheme with its best
/// rate, its window and the largest stable rate. Empty where there are none.
std::string window_table(const Comparison& comparison, int width = 100);

}  // namespace fanin::compare
