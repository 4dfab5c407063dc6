#include <fmt/format.h>

#include <cmath>

#include <fanin/compare/interval_text.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {

std::string interval_text(double center, const statistics::Interval& interval, int digits, int width) {
  if (!interval.known()) return "";
  const double below = center - interval.low, above = interval.high - center;
  if (std::abs(above - below) < 1e-9)
    return fmt::format("± {}", text::pad_left(text::percent(above, digits), width));
  return fmt::format("[{}, {}]", text::percent(interval.low, digits), text::percent(interval.high, digits));
}

}  // namespace fanin::compare
