#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <fanin/nn/module.hpp>

namespace fanin::start {

/// A parameter whose scheme asks for a fit to data, once every parameter of the model has values.
struct Fit {
  std::string name;          ///< full name
  nn::Parameter* parameter;  ///< of the model, as its owner
  nn::Module* owner;         ///< the layer whose own it is
  init::Initializer scheme;  ///< the one that asks
};

/// A batch of training data to fit to.
struct Samples {
  Tensor images;                         ///< [N, …], as the model reads them
  std::span<const std::int32_t> labels;  ///< one for each image
  bool one_stream = false;               ///< random directions as files without `draws=2` had them
};

/// What a scheme's `fit` works on.
struct Fitting {
  nn::Module& model;  ///< in training mode; its statistics, generators and mode are put back afterwards
  std::span<const Fit> fits;  ///< the parameters of that scheme, all of layers that a forward pass runs
  const Samples& samples;     ///< that it fits to
};

/// Fits the parameters `fits`, and no others, to the samples, scheme by scheme in the order of `fits`.
/// Statistics, generators and mode of the model stay as they are, gradients are forgotten. Says of each fit
/// why it was left as drawn, "" where it was not. Error for a layer whose output is not finite, or that a
/// scheme cannot fit.
std::vector<std::string> refine(nn::Module& model, std::span<const Fit> fits, const Samples& samples);

// What fits are made of, those of a user's own schemes too.

/// Dauphin & Schoenholz 2019: the mean of |(g - H g) / (g ± ε) - 1| over the elements of `fits`, where g is
/// the gradient of cross-entropy, H its Hessian, ± the sign of g and ε = 1e-5: how much a step along the
/// gradient changes the gradient. H g is a difference of two gradients.
double gradient_quotient(nn::Module& model, std::span<const Fit> fits, const Samples& samples);

/// What GradInit lowers and what it bounds.
struct LookAhead {
  double loss = 0;           ///< cross-entropy after one step of SGD
  double gradient_norm = 0;  ///< Euclidean, before it
};
/// Zhu et al. 2021: on the samples, of a step of rate `eta` that moves `fits` alone; they are as before afterwards.
LookAhead look_ahead(nn::Module& model, std::span<const Fit> fits, const Samples& samples, double eta);

/// Krähenbühl et al. 2015, algorithm 2, in closed form: along each run of layers where what one multiplies
/// the next can divide (ReLU and pooling between them), the weights of `fits` are scaled so that their rates
/// of change are equal, and the model's function stays. Layers that stand alone in this sense stay as they
/// are.
void equalize_rates(nn::Module& model, std::span<const Fit> fits, const Tensor& images,
                    bool one_stream = false);
/// √(E‖∂(ηᵀz)/∂w‖²) / ‖w‖ for the weight w of each fit: z the model's outputs on the images, η ~ N(0, 1)
/// drawn from `seed`. 0 for a weight of zeros.
std::vector<double> rates_of_change(nn::Module& model, std::span<const Fit> fits, const Tensor& images,
                                    std::uint64_t seed, bool one_stream = false);

/// values ← factor · values.
void scale(std::span<real> values, double factor);
/// Whether values of this mean and deviation differ by more than what rounding makes of equal ones.
bool varies(double mean, double std);
/// The layers that own `fits`, in the order in which a forward pass first runs them; those it does not run
/// are left out.
std::vector<nn::Module*> in_run_order(nn::Module& model, std::span<const Fit> fits, const Tensor& images);
/// Where the channels of a layer's output lie, and how many there are.
struct Channels {
  Index count = 0;  ///< one for each of the layer's biases
  Index area = 1;   ///< elements of a sample that follow each other within one channel
  Index of(Index element) const { return element / area % count; }  ///< the channel of that element
};
/// Of `output` [N, …]: the last dimension for what acts on rows (a weight of two dimensions, layer normalization), else
/// the second.
Channels channels_of(const nn::Module& layer, const Tensor& output);
/// What `layer` gives out, before any activation, the first time a forward pass runs it; the pass ends there.
/// Error when it is not finite; `name` is the layer's parameter, for the message.
Tensor output_of(nn::Module& model, const nn::Module& layer, const Tensor& images, const std::string& name);

}  // namespace fanin::start
