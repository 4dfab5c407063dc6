#pragma once
#include <span>
#include <vector>

#include <fanin/start/refine.hpp>

namespace fanin::start {

/// The elements of several parameters as one vector, one parameter after the other, as descents and differences of
/// gradients work on them.
using Numbers = std::vector<double>;
using Parameters = std::vector<nn::Parameter*>;  ///< in the order of their elements

double norm(const Numbers& x);                                ///< Euclidean
Numbers moved(const Numbers& x, double a, const Numbers& y);  ///< x + a y
Parameters parameters_of(std::span<const Fit> fits);          ///< in the order of the fits
Numbers values_of(const Parameters& of);                      ///< as they are now
void set_values(const Parameters& of, const Numbers& all);    ///< each rounded to `real`
/// `all` with the elements of each parameter times its factor.
Numbers scaled(const Parameters& of, Numbers all, const Numbers& factors);
/// Of the mean cross-entropy on the samples, with respect to `of`; zeros where a pass does not reach. The layers that
/// draw while they run draw the same every time.
Numbers gradient_of(nn::Module& model, const Parameters& of, const Samples& samples);
/// That loss.
double loss_of(nn::Module& model, const Samples& samples);

}  // namespace fanin::start
