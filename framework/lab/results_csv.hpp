#pragma once
#include <string>

#include "framework/lab/results.hpp"

namespace fanin::lab {

/// results.csv (RFC 4180): a header line, then one row a run. What was not measured is an empty field.
std::string comparison_csv(const Comparison& comparison);

}  // namespace fanin::lab
