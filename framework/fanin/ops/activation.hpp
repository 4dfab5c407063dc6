#pragma once
#include <fanin/core/tensor.hpp>
#include <fanin/kernels/pointwise/activation.hpp>

namespace fanin::ops {

/// A pointwise nonlinearity as a value, for the ops that fuse one in: `{Activation::Kind::relu}`. A
/// default-made one is the identity.
using kernels::Activation;

/// Any of those below, elementwise on a tensor of any shape. Error for a parameter that is not finite, or a
/// beta that is not above 0.
Tensor activate(const Tensor& x, Activation activation);

Tensor relu(const Tensor& x);                                      ///< max(x, 0)
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01);  ///< x > 0 ? x : slope·x (Maas et al. 2013)
Tensor elu(const Tensor& x, double alpha = 1);      ///< x > 0 ? x : alpha·(exp x - 1) (Clevert et al. 2016)
Tensor selu(const Tensor& x);                       ///< Klambauer et al. 2017
Tensor gelu(const Tensor& x);                       ///< x·Phi(x), the exact form (Hendrycks, Gimpel 2016)
Tensor sigmoid(const Tensor& x);                    ///< 1 / (1 + exp(-x))
Tensor tanh(const Tensor& x);                       ///< the hyperbolic tangent
Tensor softplus(const Tensor& x, double beta = 1);  ///< ln(1 + exp(beta·x)) / beta; x where beta·x > 20
Tensor silu(const Tensor& x);                       ///< x·sigmoid(x)
Tensor sine(const Tensor& x, double omega = 30);    ///< sin(omega·x) (SIREN, Sitzmann et al. 2020)
Tensor mish(const Tensor& x);       ///< x·tanh(softplus(x)) (Misra 2020; torch.nn.functional.mish)
Tensor relu6(const Tensor& x);      ///< min(max(x, 0), 6)
Tensor hardtanh(const Tensor& x);   ///< min(max(x, -1), 1)
Tensor hardswish(const Tensor& x);  ///< x·relu6(x + 3) / 6 (Howard et al. 2019)
Tensor softsign(const Tensor& x);   ///< x / (1 + |x|)

/// x > 0 ? x : weight·x with a learned slope: one for all (weight [1]) or one a channel (weight [C], x [N, C,
/// ...]). He et al. 2015. Error where the weight fits neither.
Tensor prelu(const Tensor& x, const Tensor& weight);

}  // namespace fanin::ops
