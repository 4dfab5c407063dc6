#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "datasets/registry.hpp"
#include "framework/lab/claim.hpp"

namespace fanin::claims {

/// What every experiment may draw on.
struct Bench {
  std::uint64_t seed = 0;               ///< all that is random follows from it
  std::function<const Splits&()> data;  ///< real images, read when first asked for; safe from any thread
  /// The i-th independent seed of an experiment.
  std::uint64_t seed_of(int i) const { return seed * 1000 + static_cast<std::uint64_t>(i); }
};

/// One experiment a file: the declaration here, its entry in `experiments()`.
lab::Claim symmetry(const Bench& bench);
lab::Claim scale(const Bench& bench);
lab::Claim glorot_2010(const Bench& bench);
lab::Claim he_2015(const Bench& bench);
lab::Claim torch_default(const Bench& bench);
lab::Claim saxe_2013(const Bench& bench);
lab::Claim schoenholz_2017(const Bench& bench);
lab::Claim xiao_2018(const Bench& bench);
lab::Claim lsuv(const Bench& bench);
lab::Claim residual(const Bench& bench);
lab::Claim warm_start(const Bench& bench);
lab::Claim weight_selection(const Bench& bench);

/// All of them, in the order of the table.
std::vector<lab::Claim> experiments(const Bench& bench);
/// Those of these names, in the order of the table; all for no names. Error (usage) with the nearest for an
/// unknown one.
std::vector<lab::Claim> experiments(const Bench& bench, const std::vector<std::string>& names);

}  // namespace fanin::claims
