#pragma once
#include <functional>
#include <vector>

#include "framework/core/tensor.hpp"

namespace fanin {

/// The largest relative difference, over every element of every input that requires grad, between the gradient autograd gives
/// and central differences: |a - n| / max(1e-3·scale, |a|, |n|), with scale the input's largest numeric gradient.
/// `function` maps the inputs to a tensor of any shape; it is reduced to a scalar with fixed pseudo-random weights, so that
/// no error can cancel. Meant for the double build, where 1e-6 is a fair bound.
double gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& function, std::vector<Tensor> inputs,
                 double step = 1e-5);

}  // namespace fanin
