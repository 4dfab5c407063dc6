#pragma once
#include <string>

#include <fanin/init/initializer.hpp>

// Schemes that draw by a base, and are then fitted to a batch of training data by nn::initialize
// (nn/refine.hpp).
namespace fanin::init {

struct LsuvOptions {
  double target = 1;        ///< variance of each layer's output
  double tolerance = 0.01;  ///< how far from it is near enough
  double steps = 10;        ///< corrections a layer, at most
  std::string base = "orthogonal";
};
/// Mishkin & Matas 2015: each layer in turn scaled until its output has the target variance.
Initializer lsuv(const LsuvOptions& options = {});

struct KrahenbuhlOptions {
  double target = 1;    ///< standard deviation of each channel's output
  bool between = true;  ///< then the layers' rates of change are made equal
  std::string base = "normal";
};
/// Krähenbühl et al. 2015: each channel's output gets mean 0 and the target deviation, by its weights and
/// bias; then neighbouring layers are scaled against each other, so that all learn equally fast.
Initializer krahenbuhl(const KrahenbuhlOptions& options = {});

}  // namespace fanin::init
