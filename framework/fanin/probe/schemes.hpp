#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <fanin/init/plan.hpp>
#include <fanin/probe/probed.hpp>

namespace fanin::probe {

/// What all schemes are probed with.
struct ProbeSetup {
  PlannedRun run = {};                  ///< that is to follow
  std::uint64_t seed = 0;               ///< of the weights and of the samples
  data::Batch batch = {};               ///< that is looked at
  std::vector<data::Batch> steps = {};  ///< that trials step on

  /// Samples of the set: `samples` to look at, and as many batches as a trial of the run may step on.
  static ProbeSetup of(const data::Dataset& data, Index samples, const PlannedRun& run, std::uint64_t seed);
};

/// The model drawn anew by `plan`, as every scheme is that the setup probes. Error for a plan that does not
/// fit it.
void draw(nn::Module& model, const init::Plan& plan, const ProbeSetup& setup);

/// The model drawn anew by `plan`, and what the probe says of it; the weights stay. `scheme` is what the
/// plan is called. Error for a plan that does not fit the model.
Probed probe_scheme(nn::Module& model, const std::string& scheme, const init::Plan& plan,
                    const ProbeSetup& setup);

/// The schemes of interest for a model: the usual ones, two poor ones beside them, and those that its
/// activation and its build call for: the activation's computed gain, SIREN's draw, the edge of chaos,
/// Fixup, ReZero, ZerO.
std::vector<std::string> usual_schemes(nn::Module& model);

}  // namespace fanin::probe
