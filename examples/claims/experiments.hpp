#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <fanin/datasets.hpp>

#include "examples/claims/claim.hpp"

namespace fanin::claims {

/// What every experiment may draw on.
struct Setup {
  std::uint64_t seed = 0;  ///< all that is random follows from it
  /// Real images, read when first asked for; safe from any thread.
  std::function<const data::Sets&()> data;
  /// The i-th independent seed of an experiment.
  std::uint64_t seed_of(int i) const { return seed * 1000 + static_cast<std::uint64_t>(i); }
};

/// One experiment a file: the declaration here, its entry in `experiments()`.
Claim symmetry(const Setup& setup);
Claim scale(const Setup& setup);
Claim glorot_2010(const Setup& setup);
Claim he_2015(const Setup& setup);
Claim torch_default(const Setup& setup);
Claim saxe_2013(const Setup& setup);
Claim schoenholz_2017(const Setup& setup);
Claim xiao_2018(const Setup& setup);
Claim rank_collapse(const Setup& setup);
Claim lewkowycz_2020(const Setup& setup);
Claim gradinit_2021(const Setup& setup);
Claim autoinit_2023(const Setup& setup);
Claim lsuv(const Setup& setup);
Claim residual(const Setup& setup);
Claim warm_start(const Setup& setup);
Claim weight_selection(const Setup& setup);

/// All of them, in the order of the table.
std::vector<Claim> experiments(const Setup& setup);
/// Those of these names, in the order of the table; all for no names. Error (usage) with the nearest for an
/// unknown one.
std::vector<Claim> experiments(const Setup& setup, const std::vector<std::string>& names);

}  // namespace fanin::claims
