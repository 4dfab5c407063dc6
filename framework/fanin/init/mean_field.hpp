#pragma once
#include <fanin/init/initializer.hpp>
#include <fanin/init/nonlinearity.hpp>

namespace fanin::init {

/// A wide net in the mean-field limit: weights N(0, σw²/fan_in), biases N(0, σb²), one nonlinearity (Poole et
/// al. 2016, Schoenholz et al. 2017).
struct MeanField {
  double q = 0;    ///< the variance the pre-activations settle at; infinite when they grow without bound
  double chi = 0;  ///< σw² E[f'(√q z)²]: the factor on the gradient's variance per layer; 1 is critical
  /// Layers until two inputs' difference changes e-fold, 1/|ln χ|; infinite where χ = 1.
  double depth_scale = 0;
  bool settles = true;  ///< whether iterating layer by layer reaches q
};

/// One layer of the variance map, q → σw² E[f(√q z)²] + σb².
double next_variance(const Nonlinearity& f, double sigma_w, double sigma_b, double q);
/// σw² E[f'(√q z)²].
double gradient_factor(const Nonlinearity& f, double sigma_w, double q);
/// The fixed point from a signal of variance 1. Error for a σ outside [0, 1e6].
MeanField mean_field(const Nonlinearity& f, double sigma_w, double sigma_b);

/// A point between order and chaos.
struct Critical {
  double sigma_w, sigma_b;  ///< √fan_in times the weights' deviation, and the biases'
};
/// The (σw, σb) at which a signal of variance q is a fixed point and χ = 1. Error where no σb² ≥ 0 does that,
/// or for a q outside (0, 1e6].
Critical edge_of_chaos_at(const Nonlinearity& f, double q);

/// Of edge_of_chaos.
struct EdgeOfChaosOptions {
  std::string activation = "tanh";  ///< what follows the layer, as `Nonlinearity::named` reads it
  double q = 0.01;                  ///< variance at which the signal travels, in [1e-6, 1e6]
  std::string weights = "normal";   ///< normal, orthogonal or delta_orthogonal
};
/// Weights and biases at the edge between order and chaos, where signals travel deepest; fills biases (1-d)
/// too.
Initializer edge_of_chaos(const EdgeOfChaosOptions& options = {});

}  // namespace fanin::init
