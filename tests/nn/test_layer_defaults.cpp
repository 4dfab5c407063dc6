// Every layer is born as PyTorch's layer of its name is.
#include <doctest/doctest.h>

#include <functional>

#include <nlohmann/json.hpp>

#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/reference/digest.hpp"

using namespace fanin;

namespace {

using Make = std::function<nn::ModulePtr()>;

template <class Layer>
Make layer(auto options) {
  return [options] { return std::make_shared<Layer>(options); };
}

const std::vector<std::pair<const char*, Make>>& layers() {
  static const std::vector<std::pair<const char*, Make>> all = {
      {"linear", layer<nn::Linear>(nn::LinearOptions{.in = 20, .out = 30})},
      {"linear_without_bias", layer<nn::Linear>(nn::LinearOptions{.in = 7, .out = 5, .bias = false})},
      {"conv2d",
       layer<nn::Conv2d>(nn::Conv2dOptions{.in = 3, .out = 8, .kernel = 5, .stride = 2, .padding = 2})},
      {"conv2d_grouped_dilated",
       layer<nn::Conv2d>(nn::Conv2dOptions{.in = 6, .out = 9, .kernel = 3, .dilation = 2, .groups = 3})},
      {"conv2d_without_bias",
       layer<nn::Conv2d>(nn::Conv2dOptions{.in = 4, .out = 4, .kernel = 1, .bias = false})},
      {"conv_transpose2d",
       layer<nn::ConvTranspose2d>(nn::ConvTranspose2dOptions{.in = 6, .out = 4, .kernel = 3})},
      {"conv_transpose2d_grouped",
       layer<nn::ConvTranspose2d>(nn::ConvTranspose2dOptions{
           .in = 6, .out = 4, .kernel = 3, .stride = 2, .output_padding = 1, .groups = 2})},
      {"embedding", layer<nn::Embedding>(nn::EmbeddingOptions{.count = 12, .dimension = 7})},
      {"batch_norm1d", layer<nn::BatchNorm1d>(nn::BatchNormOptions{.features = 5})},
      {"batch_norm2d", layer<nn::BatchNorm2d>(nn::BatchNormOptions{.features = 5})},
      {"layer_norm", layer<nn::LayerNorm>(nn::LayerNormOptions{.features = 5})},
      {"group_norm", layer<nn::GroupNorm>(nn::GroupNormOptions{.groups = 2, .channels = 6})},
      {"prelu", layer<nn::PReLU>(nn::PReLUOptions{})},
      {"prelu_channels", layer<nn::PReLU>(nn::PReLUOptions{.parameters = 3})},
  };
  return all;
}

}  // namespace

TEST_CASE("layers: each is born as PyTorch's of its name") {
  CHECK(reference().at("layers").size() == layers().size());
  for (const auto& entry : layers()) {
    const auto& name = entry.first;
    const auto& make = entry.second;
    CAPTURE(name);
    const auto one = make();
    Generator generator(0);
    start::initialize(*one, generator);
    const auto& expected = reference().at("layers").at(name);
    REQUIRE(one->named_parameters().size() == expected.at("parameters").size());
    for (const auto& named : one->named_parameters()) {
      CAPTURE(named.name);
      const auto& parameter = named.parameter;
      const auto& digest = expected.at("parameters").at(named.name);
      // PyTorch's normals use vector approximations of log, sin and cos: equal to 4e-7, not to the bit.
      const bool normal = parameter->init.name() == "normal";
      check_digest(parameter->value, digest, normal ? 2e-6 : 1e-7);
      if (!normal) CHECK(same_bits(parameter->value, digest));
    }
    REQUIRE(one->named_buffers().size() == expected.at("buffers").size());
    for (const auto& [buffer_name, buffer] : one->named_buffers())
      CHECK(buffer.to_vector() == expected.at("buffers").at(buffer_name).get<std::vector<float>>());
  }
}
