#pragma once
#include <string>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// results.csv (RFC 4180): a header line, then one row a run. What was not measured is an empty field.
std::string comparison_csv(const Comparison& comparison);

}  // namespace fanin::compare
