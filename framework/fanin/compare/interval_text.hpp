#pragma once
#include <string>

#include <fanin/statistics/interval.hpp>

namespace fanin::compare {

/// An interval of shares as it stands behind its `center`, in percent: "± 0.60" where it reaches equally far
/// on both sides, "[0.00, 74.85]" where one side is cut; empty where it is not known. The number after ± is
/// filled up to `width` columns.
std::string interval_text(double center, const statistics::Interval& interval, int digits = 2, int width = 0);

}  // namespace fanin::compare
