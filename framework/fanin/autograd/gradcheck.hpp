#pragma once
#include <functional>
#include <vector>

#include <fanin/core/tensor.hpp>

namespace fanin {

/// What fits the build's number: the step of the differences (relative to the input's size where that is
/// above 1), the part of an input's largest numeric gradient below which a difference counts as one of it,
/// and the bound that a right gradient keeps. A float holds seven digits: a shorter step than this drowns in
/// their rounding, so gradients are seen to two or three digits there, and a part that is far smaller than
/// the largest one is not seen at all.
inline constexpr bool gradcheck_in_double = sizeof(real) == sizeof(double);
inline constexpr double gradcheck_step = gradcheck_in_double ? 1e-5 : 0x1p-8;
inline constexpr double gradcheck_floor = gradcheck_in_double ? 1e-3 : 0.1;
inline constexpr double gradcheck_bound = gradcheck_in_double ? 1e-6 : 1e-2;

/// The largest relative difference, over every element of every input that requires grad, between the
/// gradient autograd gives and central differences: |a - n| / max(floor·scale, |a|, |n|), with scale the
/// input's largest numeric gradient. A right gradient stays below `gradcheck_bound`. `function` maps the
/// inputs to a tensor of any shape; it is reduced to a scalar with fixed pseudo-random weights, so that no
/// error can cancel. It must be smooth within the step around the inputs. Error when no input requires grad,
/// or for a step that is lost in the rounding of `real`.
double gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& function,
                 std::vector<Tensor> inputs, double step = gradcheck_step);

}  // namespace fanin
