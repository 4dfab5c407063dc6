#pragma once
#include <span>
#include <vector>

#include <fanin/start/refine.hpp>

namespace fanin::start {

/// The elements of several parameters as one vector, one parameter after the other, as fits by gradients work on them.
using Numbers = std::vector<double>;

double norm(const Numbers& x);                                   ///< Euclidean
Numbers values_of(std::span<const Fit> fits);                    ///< as they are now
void set_values(std::span<const Fit> fits, const Numbers& all);  ///< each rounded to `real`
/// Of the mean cross-entropy on the samples, with respect to `fits`; zeros where a pass does not reach. The layers that
/// draw while they run draw the same every time.
Numbers gradient_of(nn::Module& model, std::span<const Fit> fits, const Samples& samples);
/// That loss.
double loss_of(nn::Module& model, const Samples& samples);

}  // namespace fanin::start
