#pragma once
#include <string>
#include <vector>

#include "framework/lab/probe.hpp"

namespace fanin::lab {

enum class Condition { well_conditioned, symmetric, dead, vanishes, saturated, explodes };

/// One sign of bad initial weights: the measure of a layer that shows it, and where it begins.
struct Sign {
  Condition condition;
  std::string measure;  ///< as `Diagnosis::measure` names it
  double threshold;
  bool above;          ///< bad at or above the threshold; otherwise below it
  bool hidden_only;    ///< says nothing of the logits
  std::string reason;  ///< what it means for training
};

/// The signs, in the order in which they are looked for in a layer.
const std::vector<Sign>& signs();

/// What is wrong with a model's initial weights, if anything.
struct Diagnosis {
  Condition condition = Condition::well_conditioned;
  std::string layer = {};    ///< where it shows first, from the input on; empty when well conditioned
  std::string measure = {};  ///< the sign's measure, and its value there
  double value = 0;
  std::string reason = {};
  bool trains() const { return condition == Condition::well_conditioned; }
  /// "vanishes at fc7", "well conditioned".
  std::string to_string() const;
};

Diagnosis diagnose(const Probe& probe);

/// A measure of layer `index` by the name that the signs use. Error for a name that is none.
double measure(const Probe& probe, std::size_t index, const std::string& name);

/// How far a model is from passing signal and gradient on unchanged: the spread over the layers of log10 of the outputs'
/// std (logits left out), plus that of log10 of the gradient norms, plus |log10 of the logits' std|, plus a tenth of log10 of
/// the condition number of the input-output Jacobian. 0 is perfect; infinite when anything vanishes or overflows altogether.
double imbalance(const Probe& probe);

}  // namespace fanin::lab
