#pragma once
#include <optional>
#include <string>
#include <vector>

#include <fanin/probe/schemes.hpp>

namespace fanin::probe {

/// The rate that suits a scheme. From the planned one, half a decade at a time: down while the run would
/// not train, and then, or from there, the way on which the odds get better, as long as they do; at most
/// `most_rates` rates in all.
struct RateChoice {
  std::vector<Outlook> tried = {};  ///< in turn, the planned rate's first
  const Outlook& best() const;      ///< that of the best odds
};
/// How many rates are tried at most.
inline constexpr int most_rates = 8;

/// The least rate that is tried from `lr` on: what trains only below it is not found.
double least_rate(double lr);

/// Tries rates on the model as `probed` was drawn, which is drawn anew for it; the weights stay.
RateChoice choose_rate(nn::Module& model, const Probed& probed, const ProbeSetup& setup);

/// A scheme and a rate to train at.
struct Recommendation {
  std::size_t scheme = 0;  ///< its place in the list
  RateChoice rate = {};    ///< with the one that is recommended as the best
};

/// Of the schemes that will train at the planned rate, that of the best odds, at the rate that suits it.
/// Where none will, the three that are soundest (by `imbalance`, among those without a sign of fault if
/// there are any) have their rates chosen, and the best odds of all decide; none where these are below
/// even.
std::optional<Recommendation> recommend(nn::Module& model, const std::vector<Probed>& all,
                                        const ProbeSetup& setup);

}  // namespace fanin::probe
