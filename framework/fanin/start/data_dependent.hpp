#pragma once
#include <fanin/init/initializer.hpp>

// Schemes that draw by a base and are then fitted to a batch of training data, by `initialize` with images
// and labels. Each is in the file of its name.
namespace fanin::start {

/// Of lsuv.
struct LsuvOptions {
  double target = 1;               ///< variance of each layer's output, > 0
  double tolerance = 0.01;         ///< how far from it is near enough, ≥ 0
  int steps = 10;                  ///< corrections a layer, at most; 1..1000
  init::Base base = "orthogonal";  ///< draws what is scaled
  bool after_activation = false;   ///< target: the second moment behind the activation that follows directly
  bool center = false;  ///< first moves each bias that is of the scheme so that its channel has mean 0
};
/// Mishkin & Matas 2015: each layer in turn scaled until its output has the target variance, or what follows it the
/// target second moment. Error for options out of range.
init::Initializer lsuv(const LsuvOptions& options = {});

/// Of empirical.
struct EmpiricalOptions {
  double target = 0;               ///< second moment behind each activation; 0: as `layer_targets` chooses
  double tolerance = 0.002;        ///< how near is near enough, relative to the target; 1e-6..1
  init::Base base = "orthogonal";  ///< draws what is scaled
};
/// Each layer in turn, along the recorded graph, scaled until the second moment behind its activation is the target on
/// the batch, for this draw (start/layer_targets). Error for options out of range.
init::Initializer empirical(const EmpiricalOptions& options = {});

/// Of analytic.
struct AnalyticOptions {
  double target = 0;  ///< second moment behind each activation; 0: as `layer_targets` chooses
  double input = 1;   ///< second moment of the model's input, > 0; that of a model's first such weight holds
  init::Base base = "kaiming_normal";  ///< draws what is scaled: independent, with mean 0
};
/// Each layer scaled so that behind its activation the second moment is the target, by moments that are propagated
/// through the recorded graph (start/propagation.hpp): the batch gives the shape of an input alone. Error for options out
/// of range.
init::Initializer analytic(const AnalyticOptions& options = {});

/// Of krahenbuhl.
struct KrahenbuhlOptions {
  double target = 1;           ///< standard deviation of each channel's output, > 0
  bool between = true;         ///< then the layers' rates of change are made equal (algorithm 2)
  init::Base base = "normal";  ///< draws what is scaled
};
/// Krähenbühl et al. 2015: each channel's output gets mean 0 and the target deviation, by its weights and
/// bias; then neighbouring layers are scaled against each other, so that all learn equally fast. Error for
/// options out of range.
init::Initializer krahenbuhl(const KrahenbuhlOptions& options = {});

/// Of metainit.
struct MetaInitOptions {
  int steps = 10;                      ///< of descent on the weights' norms, 1..1000
  double lr = 0.1;                     ///< how far a step moves the logarithm of a norm, in (0, 1]
  init::Base base = "kaiming_normal";  ///< draws what is scaled
};
/// Dauphin & Schoenholz 2019: the size of each weight such that a gradient step changes the gradient least. A quotient
/// that is small need not train well: it falls as gradients do, and a good start of a deep plain ReLU net gets worse.
/// Error for options out of range.
init::Initializer metainit(const MetaInitOptions& options = {});

/// Of gradinit.
struct GradInitOptions {
  int steps = 100;                     ///< of descent on the parameters' factors, 1..10000
  double lr = 0.03;                    ///< how far a step moves a factor, about, in (0, 1]
  double eta = 0.1;                    ///< the rate of the step of SGD that is looked ahead, > 0
  double gamma = 1;                    ///< the gradient's norm is kept to it, > 0
  init::Base base = "kaiming_normal";  ///< draws what is scaled
};
/// Zhu et al. 2021: one factor for each parameter, learned so that the loss is least after one step of SGD of rate
/// `eta`, with a gradient no longer than `gamma`. Error for options out of range.
init::Initializer gradinit(const GradInitOptions& options = {});

}  // namespace fanin::start
