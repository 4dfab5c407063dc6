#pragma once
#include <string>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// What the probe saw of a scheme's weights on a model before any training: "symmetric at conv1". Empty
/// where the results do not say.
std::string seen_before_training(const Comparison& comparison, const std::string& model,
                                 const std::string& scheme);

/// When such a scheme fails, as `fanin inits` says it: of the scheme that `label` names, or else of those
/// that `plan`, every parameter's initializer, gives weights. Empty where that is nothing known.
std::string fails_when(const std::string& label, const std::string& plan);

}  // namespace fanin::compare
