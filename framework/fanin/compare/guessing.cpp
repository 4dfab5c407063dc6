#include <algorithm>
#include <cmath>
#include <vector>

#include <fanin/compare/guessing.hpp>

namespace fanin::compare {

double guessing_accuracy(const data::Dataset& data) {
  const auto counts = data.class_counts();
  if (counts.empty()) return 0;
  return static_cast<double>(*std::max_element(counts.begin(), counts.end())) /
         static_cast<double>(std::max<Index>(1, data.count));
}

double luck_of_guessing(const data::Dataset& data) {
  const double guess = guessing_accuracy(data);
  return guess + 3 * std::sqrt(guess * (1 - guess) / static_cast<double>(std::max<Index>(1, data.count)));
}

bool no_better_than_guessing(double accuracy, const data::Dataset& data) {
  return accuracy <= luck_of_guessing(data);
}

}  // namespace fanin::compare
