#include <algorithm>
#include <cmath>

#include <fanin/core/moments.hpp>
#include <fanin/start/refine.hpp>

namespace fanin::start {

/// Mishkin & Matas 2015, algorithm 1. A layer with a bias may take several corrections, since only the weight
/// is scaled.
std::vector<std::string> fit_lsuv(nn::Module& model, std::span<const Fit> fits, const Samples& samples) {
  std::vector<std::string> left(fits.size());
  for (nn::Module* layer : in_run_order(model, fits, samples.images)) {
    const auto found = std::find_if(fits.begin(), fits.end(), [&](const Fit& f) { return f.owner == layer; });
    const Fit& fit = *found;
    const double target = fit.scheme.number("target"), tolerance = fit.scheme.number("tolerance");
    for (int step = 0; step < static_cast<int>(fit.scheme.number("steps")); ++step) {
      const auto [mean, std] = moments(output_of(model, *layer, samples.images, fit.name).values());
      if (step == 0 && !varies(mean, std))
        left[static_cast<std::size_t>(found - fits.begin())] =
            "its layer's output does not vary on the batch";
      if (!varies(mean, std) || std::abs(std * std - target) <= tolerance) break;
      scale(fit.parameter->value.values(), std::sqrt(target) / std);
    }
  }
  return left;
}

}  // namespace fanin::start
