#pragma once
#include <limits>
#include <span>
#include <string_view>

#include <fanin/kernels/pointwise/activation.hpp>

namespace fanin::kernels {

/// What there is to know of an activation, in one row of one table: its name in texts, layer, option, gain
/// and saturation are read from here by all that need one. To add one: its `Kind`, its row, and its two lines
/// in the vector code of activation.cpp.
struct ActivationFacts {
  Activation::Kind kind;
  const char* name;   ///< in texts: "leaky_relu"
  const char* layer;  ///< torch.nn's class: "LeakyReLU"
  double (*f)(double x, double parameter);
  double (*slope)(double x, double parameter);  ///< f'; one of the two one-sided ones in a corner
  const char* option = nullptr;                 ///< what the parameter is called; null: it has none
  double parameter = 0;                         ///< its default
  bool positive = false;                        ///< the parameter must be above 0
  /// Whether the derivative is computed from x, as the output y does not tell it.
  bool slope_needs_input = false;
  /// What torch.nn.init.calculate_gain says; null where its table lacks the activation.
  double (*torch_gain)(double parameter) = nullptr;
  /// Of that gain, or of the computed one where there is none.
  const char* gain_remark = "not in PyTorch's table";
  /// The limits that it comes near to at both ends, where it is saturated; NaN where it has not both.
  double low = std::numeric_limits<double>::quiet_NaN(), high = low;
};

std::span<const ActivationFacts> activations();  ///< all, `none` first
const ActivationFacts& facts(Activation::Kind kind);
const ActivationFacts* find_activation(std::string_view name);  ///< null: there is none of that name

}  // namespace fanin::kernels
