#pragma once
#include <string>
#include <vector>

namespace fanin::probe {

/// A model and the schemes that a validation of the probe tries on it.
struct TriedModel {
  std::string model;                 ///< text
  std::vector<std::string> schemes;  ///< texts of plans
  bool held_out;                     ///< was not looked at when the verdict's thresholds were set
};

/// Good and bad schemes for nets shallow and deep, with and without normalization, shortcuts and
/// convolutions.
const std::vector<TriedModel>& tried_models();

}  // namespace fanin::probe
