#pragma once
#include <functional>
#include <vector>

#include <fanin/core/tensor.hpp>

namespace fanin {

/// Whether gradients are checked in double. The three numbers below fit the build's own: a float holds seven
/// digits, a shorter step than its own drowns in their rounding, so gradients are seen to two or three digits
/// there, and an element's that is far smaller than the largest one is not seen at all.
inline constexpr bool gradcheck_in_double = sizeof(real) == sizeof(double);
/// The step of the differences, times the element's size where that is above 1.
inline constexpr double gradcheck_step = gradcheck_in_double ? 1e-5 : 0x1p-8;
/// The part of an input's largest numeric gradient that an element's difference is taken relative to where
/// both its gradients are smaller.
inline constexpr double gradcheck_floor = gradcheck_in_double ? 1e-3 : 0.1;
/// What a right gradient's relative difference stays below.
inline constexpr double gradcheck_bound = gradcheck_in_double ? 1e-6 : 1e-2;

/// The largest relative difference, over every element of every input that requires grad, between the
/// gradient autograd gives and central differences: |a - n| / max(gradcheck_floor · scale, |a|, |n|), with
/// scale the input's largest numeric gradient; infinite where either is not finite. A right gradient stays
/// below `gradcheck_bound`. `function` maps the inputs to a tensor of any shape; it is reduced to a scalar
/// with fixed pseudo-random weights, so that no error can cancel. It must be smooth within the step around
/// the inputs, whose elements it sees moved and put back. Error when no input requires grad, one is undefined
/// or no leaf, `function` is empty, gives nothing that depends on the inputs, or other shapes in turn, or
/// `step` is 1 or more or lost in the rounding of `real` (as `torch.autograd.gradcheck`).
double gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& function,
                 std::vector<Tensor> inputs, double step = gradcheck_step);

}  // namespace fanin
