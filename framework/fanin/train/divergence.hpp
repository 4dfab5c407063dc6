#pragma once
#include <string>

#include <fanin/train/metrics.hpp>

namespace fanin::train {

/// The mean cross-entropy of whoever knows nothing and says so: ln(classes), whatever the label smoothing and
/// class weights; of two classes at least.
double loss_at_chance(int classes);

/// Why a model that was tested so counts as diverged, as a sentence's end; empty for one that does not.
/// Either
///   - logits or a loss that are not numbers, or
///   - a mean test loss of more than a thousand times that of chance. Models that are merely overconfident
///     stay below a hundred times. A loss this large says nothing against a run that began with a larger one
///     still and learns: LeNet from normal(std=3) begins at 10^7 and is right on 40 % of Fashion-MNIST at
///     2·10^6. So a run is let off that ended below its first loss (`began_with`) and predicts better than
///     chance by a tenth of what there is to gain.
std::string divergence_of(const Evaluation& test, double began_with);

}  // namespace fanin::train
