#include <algorithm>
#include <cmath>

#include <fanin/linalg/spectrum.hpp>

namespace fanin::linalg {

double effective_rank(std::span<const double> values) {
  double largest = 0, sum = 0, entropy = 0;
  for (const double value : values) largest = std::max(largest, value);
  if (largest == 0) return 0;
  for (const double value : values) sum += std::max(value, 0.0) / largest;
  for (const double value : values) {
    const double share = value / largest / sum;
    if (share > 0) entropy -= share * std::log(share);
  }
  return std::exp(entropy);
}

}  // namespace fanin::linalg
