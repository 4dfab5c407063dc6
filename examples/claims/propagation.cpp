#include "examples/claims/propagation.hpp"

#include <cmath>

#include <fanin/core/moments.hpp>
#include <fanin/models.hpp>
#include <fanin/probe/signal.hpp>
#include <fanin/start/initialize.hpp>

namespace fanin::claims {

Images unit_images(const Setup& setup, Index count) {
  const data::Dataset& data = setup.data().training;
  Images images{.pixels = Tensor({count, 1, data.height, data.width}), .labels = {}};
  for (Index i = 0; i < count; ++i) {
    const auto bytes = data.image(i);
    const auto n = static_cast<Index>(bytes.size());
    std::vector<real> pixels(bytes.begin(), bytes.end());
    const auto [mean, std] = moments(pixels);
    real* out = images.pixels.data() + i * n;
    for (Index j = 0; j < n; ++j)
      out[j] = static_cast<real>((static_cast<double>(pixels[static_cast<std::size_t>(j)]) - mean) / std);
    images.labels.push_back(data.labels[static_cast<std::size_t>(i)]);
  }
  return images;
}

Profile propagate(const Setup& setup, const std::string& model, const std::string& plan, const Images& images,
                  int draws) {
  Profile mean;
  for (int draw = 0; draw < draws; ++draw) {
    const auto net = models::build(model, {});
    Generator generator(setup.seed_of(draw));
    start::initialize(*net, plan, generator, images.pixels, images.labels);
    auto layers = probe::signal_profile(*net, images.pixels, images.labels);
    layers.pop_back();  // the logits
    mean.forward.resize(layers.size());
    mean.backward.resize(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) {
      mean.forward[i] += std::log(std::hypot(layers[i].activation_mean, layers[i].activation_std)) / draws;
      mean.backward[i] +=
          std::log(layers[i].gradient_norm) / draws;  // equal widths: the rms but for a constant
    }
  }
  for (auto* side : {&mean.forward, &mean.backward}) {
    for (double& value : *side) value = std::exp(value);
  }
  return mean;
}

}  // namespace fanin::claims
