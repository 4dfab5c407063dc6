#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <fanin/datasets.hpp>

#include "examples/claims/claim.hpp"

namespace fanin::claims {

/// What every experiment may draw on.
struct Bench {
  std::uint64_t seed = 0;  ///< all that is random follows from it
  /// Real images, read when first asked for; safe from any thread.
  std::function<const data::Sets&()> data;
  /// The i-th independent seed of an experiment.
  std::uint64_t seed_of(int i) const { return seed * 1000 + static_cast<std::uint64_t>(i); }
};

/// One experiment a file: the declaration here, its entry in `experiments()`.
Claim symmetry(const Bench& bench);
Claim scale(const Bench& bench);
Claim glorot_2010(const Bench& bench);
Claim he_2015(const Bench& bench);
Claim torch_default(const Bench& bench);
Claim saxe_2013(const Bench& bench);
Claim schoenholz_2017(const Bench& bench);
Claim xiao_2018(const Bench& bench);
Claim lsuv(const Bench& bench);
Claim residual(const Bench& bench);
Claim warm_start(const Bench& bench);
Claim weight_selection(const Bench& bench);

/// All of them, in the order of the table.
std::vector<Claim> experiments(const Bench& bench);
/// Those of these names, in the order of the table; all for no names. Error (usage) with the nearest for an
/// unknown one.
std::vector<Claim> experiments(const Bench& bench, const std::vector<std::string>& names);

}  // namespace fanin::claims
