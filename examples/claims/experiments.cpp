#include "examples/claims/experiments.hpp"

#include <algorithm>

#include <fanin/core/error.hpp>

namespace fanin::claims {

std::vector<Claim> experiments(const Bench& bench) {
  return {symmetry(bench), scale(bench),     glorot_2010(bench),     torch_default(bench),
          he_2015(bench),  saxe_2013(bench), schoenholz_2017(bench), xiao_2018(bench),
          lsuv(bench),     residual(bench),  warm_start(bench),      weight_selection(bench)};
}

std::vector<Claim> experiments(const Bench& bench, const std::vector<std::string>& names) {
  const auto all = experiments(bench);
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
