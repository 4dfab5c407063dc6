#pragma once
#include <fanin/init/initializer.hpp>
#include <fanin/init/nonlinearity.hpp>

namespace fanin::init {

/// A wide net in the mean-field limit: weights N(0, σw²/fan_in), biases N(0, σb²), one nonlinearity (Poole et
/// al. 2016, Schoenholz et al. 2017).
struct MeanField {
  double q = 0;  ///< the variance the pre-activations settle at; infinite when they grow without bound
  double chi = 0;  ///< χ₁ = σw² E[f'(√q z)²]: the factor on the gradient's variance per layer; 1 is critical
  double variance_slope = 0;  ///< V'(q): the factor on a small deviation from q per layer
  /// ξ_∇ = 1/|ln χ₁|: layers until the gradient's variance changes e-fold; infinite where χ₁ = 1.
  double gradient_depth = 0;
  double correlation = 1;  ///< c*, which two inputs' signals come to have: 1 in the ordered phase, χ₁ ≤ 1
  /// ξ_c: layers until the distance of two inputs' correlation from c* changes e-fold: ξ_∇ in the ordered phase,
  /// in the chaotic one that of the correlation map's slope at c*. For a signal that does not settle, of the
  /// correlation map that takes out its growth.
  double correlation_depth = 0;
  bool settles = true;  ///< whether iterating layer by layer from a variance of 1 reaches q
};

/// One layer of the variance map, V(q) = σw² E[f(√q z)²] + σb².
double next_variance(const Nonlinearity& f, double sigma_w, double sigma_b, double q);
/// V'(q) = σw² E[f(√q z)² (z² - 1)] / 2q, also of an f that jumps: above 1, a deviation from the variance q grows
/// layer by layer.
double variance_slope(const Nonlinearity& f, double sigma_w, double q);
/// χ₁ = σw² E[f'(√q z)²].
double gradient_factor(const Nonlinearity& f, double sigma_w, double q);
/// The fixed point from a signal of variance 1. Error for a σ outside [0, 1e6].
MeanField mean_field(const Nonlinearity& f, double sigma_w, double sigma_b);

/// A point between order and chaos.
struct Critical {
  double sigma_w, sigma_b;  ///< √fan_in times the weights' deviation, and the biases'
  double q;                 ///< variance of the signal that it is the point for
  double variance_slope;    ///< V'(q); above 1 the signal leaves q, however near it begins
  /// Whether a deviation from q does not grow; ReLU keeps it as it is at every q.
  bool stable() const { return variance_slope <= 1 + 1e-9; }
};
/// The (σw, σb) at which a signal of variance q is a fixed point and χ₁ = 1, stable or not. Error where no σb² ≥ 0
/// does that, or for a q outside (0, 1e6].
Critical edge_of_chaos_at(const Nonlinearity& f, double q);
/// That of a variance where it is stable: 0.01, if it is there, else the least of 0.02, 0.05, 0.1 … 1000 at which a
/// deviation shrinks by 1 % a layer; below 1 only where a variance of 1 does not grow. Error, with the reason, where
/// there is none.
Critical stable_edge_of_chaos(const Nonlinearity& f);

/// Of edge_of_chaos.
struct EdgeOfChaosOptions {
  std::string activation = "tanh";  ///< what follows the layer, as `Nonlinearity::named` reads it
  /// Variance at which the signal travels, up to 1e6; 0 takes that of `stable_edge_of_chaos`.
  double q = 0;
  std::string weights = "normal";  ///< normal, orthogonal or delta_orthogonal
};
/// Weights and biases at the edge between order and chaos, where signals travel deepest; fills biases (1-d)
/// too.
Initializer edge_of_chaos(const EdgeOfChaosOptions& options = {});

}  // namespace fanin::init
