#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/axis.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

/// 1, 2 or 5 times a power of ten: the least such step of which at most `most` fit.
double round_step(double span, int most) {
  const double least = span / most;
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

}  // namespace

double Axis::place(double value) const {
  if (!logarithmic) return (value - low) / (high - low);
  if (!(value > 0)) return std::nan("");
  return std::log(value / low) / std::log(high / low);
}

Axis linear_axis(const std::string& title, double low, double high, double scale, bool sign, int most) {
  if (!(high > low)) {
    const double room = low == 0 ? 1 / scale : std::abs(low) / 20;
    low -= room;
    high += room;
  }
  Axis axis{.title = title, .low = low, .high = high};
  const double step = round_step(scale * (high - low), most);
  const int digits = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  for (double k = std::ceil(scale * low / step - 1e-9); k * step <= scale * high * (1 + 1e-12) + 1e-9 * step;
       ++k) {
    std::string text = text::without_minus_zero(fmt::format("{:.{}f}", k * step, digits));
    if (sign && k > 0) text = "+" + text;
    if (text[0] == '-') text.replace(0, 1, "−");
    axis.ticks.push_back({k * step / scale, text});
  }
  return axis;
}

Axis log_axis(const std::string& title, double low, double high) {
  if (!(high > low * (1 + 1e-9))) {
    low /= 2;
    high *= 2;
  }
  Axis axis{.title = title, .logarithmic = true, .low = low, .high = high};
  const double decades = std::log10(high / low);
  const int every = std::max(1, static_cast<int>(std::ceil(decades / 8)));
  for (int exponent = static_cast<int>(std::floor(std::log10(low))); exponent <= std::ceil(std::log10(high));
       ++exponent) {
    for (const int factor : {1, 2, 5}) {
      if (factor == 1 ? exponent % every != 0 : decades >= 2.6) continue;
      const double value = factor * std::pow(10.0, exponent);
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      axis.ticks.push_back({value, power_text(value)});
    }
  }
  return axis;
}

Axis name_axis(const std::string& title, const std::vector<std::string>& names) {
  Axis axis{.title = title,
            .low = -0.5,
            .high = std::max(0.5, static_cast<double>(names.size()) - 0.5),
            .names = true};
  for (std::size_t i = 0; i < names.size(); ++i) axis.ticks.push_back({static_cast<double>(i), names[i]});
  return axis;
}

std::string power_text(double value) {
  const int exponent = static_cast<int>(std::floor(std::log10(value) + 1e-9));
  if (exponent >= -4 && exponent <= 3) return fmt::format("{:.6g}", value);
  static constexpr const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string raised;
  for (char c : std::to_string(exponent)) raised += c == '-' ? "⁻" : digits[c - '0'];
  const double factor = value / std::pow(10.0, exponent);
  return (std::abs(factor - 1) < 1e-6 ? "" : fmt::format("{:.3g}·", factor)) + "10" + raised;
}

}  // namespace fanin::compare
