#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/statistics/power_law.hpp>

namespace fanin::statistics {
namespace {

constexpr std::size_t most_tails = 2000;

/// The law of the values from `first` on, which are sorted; `logarithms` are theirs, `sum` those of the tail.
PowerLaw fitted(const std::vector<double>& logarithms, std::size_t first, double sum) {
  const std::size_t tail = logarithms.size() - first;
  const auto n = static_cast<double>(tail);
  PowerLaw law{.least = std::exp(logarithms[first]), .tail = tail};
  law.alpha = 1 + n / (sum - n * logarithms[first]);
  law.error = (law.alpha - 1) / std::sqrt(n);
  for (std::size_t i = 0; i < tail; ++i) {
    const double below = -std::expm1((1 - law.alpha) * (logarithms[first + i] - logarithms[first]));
    law.distance = std::max(law.distance, std::abs(below - static_cast<double>(i) / n));
  }
  return law;
}

}  // namespace

PowerLaw power_law_tail(std::vector<double> values) {
  const std::size_t count = values.size();
  if (count < power_law_least_count)
    fail("{} values are too few for a power law; it takes {}", count, power_law_least_count);
  std::sort(values.begin(), values.end());
  if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v) && v > 0; }))
    fail("a power law is of finite values above 0");
  if (values.front() == values.back()) fail("{} equal values have no tail", count);
  std::vector<double> logarithms(count), sums(count);
  std::transform(values.begin(), values.end(), logarithms.begin(), [](double v) { return std::log(v); });
  double sum = 0;
  for (std::size_t i = count; i-- > 0;) sums[i] = sum += logarithms[i];
  PowerLaw best{.distance = 2};
  for (std::size_t k = 0; k < std::min(count - 1, most_tails); ++k) {
    const std::size_t first = count - 1 <= most_tails ? k : k * (count - 1) / most_tails;
    if (first > 0 && logarithms[first] == logarithms[first - 1])
      continue;  // the same tail, but for a part of it
    if (!(logarithms[first] < logarithms[count - 1])) break;
    const PowerLaw law = fitted(logarithms, first, sums[first]);
    if (law.distance < best.distance) best = law;
  }
  if (best.tail < power_law_least_tail)
    fail("the best tail has {} of {} values, too few for a power law; it takes {}", best.tail, count,
         power_law_least_tail);
  return best;
}

}  // namespace fanin::statistics
