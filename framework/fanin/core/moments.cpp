#include <cmath>

#include <fanin/core/moments.hpp>

namespace fanin {

Moments moments(std::span<const real> values) {
  if (values.empty()) return {};
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const real value : values) sum += static_cast<double>(value);
  const double mean = sum / count;
  for (const real value : values) {
    const double distance = static_cast<double>(value) - mean;
    squares += distance * distance;
  }
  return {mean, std::sqrt(squares / count)};
}

double norm(std::span<const real> values) {
  double squares = 0;
  for (const real value : values) squares += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(squares);
}

}  // namespace fanin
