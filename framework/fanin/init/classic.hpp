#pragma once
#include <fanin/init/initializer.hpp>

namespace fanin::init {

/// Of msra.
struct MsraOptions {
  Fan mode = Fan::in;  ///< Caffe's variance_norm
};
/// Caffe's msra filler: N(0, 2 / fan). For 2 dimensions or more (He et al. 2015).
Initializer msra(const MsraOptions& options = {});
/// Caffe's bilinear filler: a transposed convolution that upsamples by interpolation; 4-d, square kernels
/// (Long et al. 2015).
Initializer bilinear();
/// Nguyen & Widrow 1990: each unit's active region covers its share of the input. Fills weights and biases.
Initializer nguyen_widrow();

/// Caffe's positive_unitball filler: uniform from [0, 1), then each unit's weights divided by their sum. For 2
/// dimensions or more.
Initializer positive_unitball();

/// Of oivs.
struct OivsOptions {
  double epsilon = 0.1;  ///< in (0, 1/2): units work where the logistic function is in [ε, 1 - ε]
  double k = 5;          ///< > 0: how many times that range the inputs may span
  double gamma = 0.9;    ///< in [0, 1]: how far the weights scatter
};
/// Optimal initial value setting (Shimodaira 1994), as mlpack has it: positive weights, for logistic units with
/// inputs in [0, 1]. For 2 dimensions or more.
Initializer oivs(const OivsOptions& options = {});

/// Of textbook.
struct TextbookOptions {
  double c = 1;  ///< ≥ 0
};
/// The courses' `randn * sqrt(c / n)`, n inputs a unit: c = 1 for tanh, 2 for ReLU. For 2 dimensions or
/// more.
Initializer textbook(const TextbookOptions& options = {});

}  // namespace fanin::init
