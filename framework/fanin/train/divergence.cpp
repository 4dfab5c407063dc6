#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/train/divergence.hpp>

namespace fanin::train {
namespace {

constexpr double too_large = 1000;  // times the loss at chance
constexpr double least_gain = 0.1;  // of what separates chance from certainty

bool learned(const Evaluation& test, double began_with) {
  const double chance = 1.0 / std::max(test.confusion.classes, 2);
  return test.loss < began_with && test.accuracy >= chance + least_gain * (1 - chance);
}

}  // namespace

double loss_at_chance(int classes) { return std::log(static_cast<double>(std::max(classes, 2))); }

std::string divergence_of(const Evaluation& test, double began_with) {
  if (test.undecided > 0) {
    return fmt::format("the outputs for {} of {} test samples were not numbers", test.undecided, test.count);
  }
  if (!std::isfinite(test.loss)) return "the test loss was not finite";
  const double chance = loss_at_chance(test.confusion.classes);
  if (test.loss <= too_large * chance || learned(test, began_with)) return {};
  return fmt::format("the test loss, {:.3g}, was more than {} times that of chance ({:.2f})", test.loss,
                     too_large, chance);
}

}  // namespace fanin::train
