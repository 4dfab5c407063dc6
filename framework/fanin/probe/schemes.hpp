#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <fanin/init/plan.hpp>
#include <fanin/probe/probe_text.hpp>

namespace fanin::probe {

/// The model drawn anew by `plan` from `seed`, and what the probe says of it for plain SGD at rate `lr`; the
/// weights stay. `scheme` is what the plan is called. Error for a plan that does not fit the model.
Probed probe_scheme(nn::Module& model, const std::string& scheme, const init::Plan& plan,
                    const data::Batch& batch, std::uint64_t seed, double lr);

/// The schemes of interest for a model: the usual good and bad ones, and those made for its activation.
std::vector<std::string> usual_schemes(nn::Module& model);

}  // namespace fanin::probe
