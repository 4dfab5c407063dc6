#pragma once
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <random>
#include <string>
#include <vector>

/// Made-up accuracies for simulations. Only what the standard fixes is drawn from, so that equal seeds give
/// equal results with any library.
namespace simulated {

class Luck {
 public:
  explicit Luck(std::uint64_t seed) : bits_(seed) {}
  /// In (0, 1).
  double uniform() { return (static_cast<double>(bits_() >> 11) + 0.5) * 0x1p-53; }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::mt19937_64 bits_;
};

/// A law of final accuracies over seeds.
struct Law {
  std::string name;
  std::function<double(Luck&)> draw;
  double mean;
};

/// 88 ± 0.5 %.
inline Law normal() {
  return {"normal: 88 %, standard deviation 0.5", [](Luck& luck) { return 0.88 + 0.005 * luck.normal(); },
          0.88};
}
/// Most seeds near 90 %, a few far below.
inline Law skewed() {
  return {"skewed: 90 % less an exponential of mean 1",
          [](Luck& luck) { return 0.90 + 0.01 * std::log(luck.uniform()); }, 0.89};
}
/// Skewed by the ceiling at 100 %: the error is log-normal.
inline Law near_ceiling() {
  return {"skewed: an error of 2 %, log-normal with σ = 0.8",
          [](Luck& luck) { return 1 - 0.02 * std::exp(0.8 * luck.normal()); }, 1 - 0.02 * std::exp(0.32)};
}
/// A share of the seeds ends at chance level.
inline Law bimodal(double share) {
  return {"bimodal: 88 %, but 10 % in " + std::to_string(std::lround(100 * share)) + " of 100 seeds",
          [share](Luck& luck) { return luck.uniform() < share ? 0.1 : 0.88 + 0.005 * luck.normal(); },
          0.1 * share + 0.88 * (1 - share)};
}

/// `n` of them.
inline std::vector<double> sample(const Law& law, int n, Luck& luck) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(law.draw(luck));
  return values;
}

/// How often something happened, and whether that may be chance.
struct Count {
  int times = 0, of = 0;
  double share() const { return static_cast<double>(times) / of; }
  /// Four standard errors of a share that is `truth`: exceeded on one side by chance in 3 of 100,000 counts.
  double slack(double truth) const { return 4 * std::sqrt(truth * (1 - truth) / of); }
  bool near(double truth) const { return std::abs(share() - truth) <= slack(truth); }
  bool at_most(double truth) const { return share() <= truth + slack(truth); }
  bool at_least(double truth) const { return share() >= truth - slack(truth); }
};

}  // namespace simulated
