#include "examples/claims/experiments.hpp"

#include <algorithm>

#include <fanin/core/fail.hpp>

namespace fanin::claims {

std::vector<Claim> experiments(const Setup& setup) {
  return {symmetry(setup),      scale(setup),          glorot_2010(setup),     torch_default(setup),
          he_2015(setup),       saxe_2013(setup),      schoenholz_2017(setup), xiao_2018(setup),
          rank_collapse(setup), lewkowycz_2020(setup), autoinit_2023(setup),   gradinit_2021(setup),
          lsuv(setup),          residual(setup),       warm_start(setup),      weight_selection(setup)};
}

std::vector<Claim> experiments(const Setup& setup, const std::vector<std::string>& names) {
  const auto all = experiments(setup);
  if (names.empty()) return all;
  std::vector<std::string> known;
  for (const auto& claim : all) known.push_back(claim.name);
  for (const auto& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      fail_usage("unknown claim '{}'{}", name, suggest(name, known));
  }
  std::vector<Claim> chosen;
  for (const auto& claim : all) {
    if (std::find(names.begin(), names.end(), claim.name) != names.end()) chosen.push_back(claim);
  }
  return chosen;
}

}  // namespace fanin::claims
