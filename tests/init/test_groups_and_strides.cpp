// What grouped and strided convolutions need of their schemes, seen by running the layers.
#include <doctest/doctest.h>

#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/fanin.hpp>

#include "tests/message.hpp"

using namespace fanin;

namespace {

Tensor normal_images(Shape shape, std::uint64_t seed) {
  Tensor x(shape);
  Generator generator(seed);
  generator.normal(x.values(), 0, 1);
  return x;
}

template <class Layer>
void draw(Layer& layer, const std::string& scheme) {
  Generator generator(7);
  start::initialize(layer, "weight=" + scheme + "; bias=zeros", generator);
}

double norm(const Tensor& t) {
  double squares = 0;
  for (const real v : t.values()) squares += static_cast<double>(v) * static_cast<double>(v);
  return std::sqrt(squares);
}

/// The mean square away from the border.
double inner_second_moment(const Tensor& y, Index border) {
  double squares = 0, count = 0;
  const Index side = y.size(3);
  for (Index i = 0; i < y.numel(); ++i) {
    const Index row = i / side % side, column = i % side;
    if (std::min(row, column) < border || std::max(row, column) >= side - border) continue;
    squares += static_cast<double>(y.data()[i]) * static_cast<double>(y.data()[i]);
    count += 1;
  }
  return squares / count;
}

}  // namespace

TEST_CASE("groups: dirac and identity pass a grouped convolution's input through, transposed or not") {
  const NoGrad no_grad;
  const Tensor x = normal_images({2, 12, 5, 5}, 1);
  for (const Index groups : {1, 2, 3, 4, 6, 12}) {
    for (const char* scheme : {"dirac", "identity"}) {
      CAPTURE(groups);
      CAPTURE(scheme);
      nn::Conv2d layer({.in = 12, .out = 12, .kernel = 3, .padding = 1, .groups = groups});
      nn::ConvTranspose2d back({.in = 12, .out = 12, .kernel = 3, .padding = 1, .groups = groups});
      draw(layer, scheme);
      draw(back, scheme);
      CHECK(layer(x).to_vector() == x.to_vector());
      CHECK(back(x).to_vector() == x.to_vector());
    }
  }
  nn::Conv2d half({.in = 4, .out = 4, .kernel = 1, .groups = 2});
  draw(half, "identity(gain=0.5)");
  const Tensor small = normal_images({1, 4, 3, 3}, 2);
  CHECK(norm(half(small)) == doctest::Approx(norm(small) / 2));
}

TEST_CASE(
    "groups: given ones hold, a tensor outside a layer has one, and those that do not divide are refused") {
  Tensor lone(Shape{6, 3, 3, 3}), told = lone.clone();
  Generator generator(1);
  init::parse("dirac").fill(lone, generator);
  init::parse("dirac(groups=2)").fill(told, generator);
  CHECK(norm(lone) == doctest::Approx(std::sqrt(3)));
  CHECK(norm(told) == doctest::Approx(std::sqrt(6)));
  CHECK(holds(message([&] { init::parse("dirac(groups=4)").fill(lone, generator); }),
              "not divisible by groups = 4"));
  CHECK(holds(message([&] { init::parse("identity(groups=4)").fill(lone, generator); }), "not divisible"));
  Tensor matrix(Shape{6, 3});
  init::parse("identity")
      .fill(matrix, {.in = 3, .out = 2}, generator);  // a matrix has no groups, whatever its fans
  CHECK(norm(matrix) == doctest::Approx(std::sqrt(3)));
  CHECK(init::parse("identity(groups=2)").to_string() == "identity(groups=2)");
}

TEST_CASE("groups: delta_orthogonal keeps norms in each group") {
  const NoGrad no_grad;
  const Tensor x = normal_images({2, 8, 6, 6}, 3);
  for (const Index groups : {1, 2, 4, 8}) {
    for (const Index out : {8, 16}) {
      CAPTURE(groups);
      CAPTURE(out);
      nn::Conv2d layer({.in = 8, .out = out, .kernel = 3, .padding = 1, .groups = groups});
      draw(layer, "delta_orthogonal");
      CHECK(norm(layer(x)) == doctest::Approx(norm(x)).epsilon(1e-4));
    }
  }
  nn::Conv2d narrow({.in = 8, .out = 4, .kernel = 3, .groups = 4});
  CHECK(holds(message([&] { draw(narrow, "delta_orthogonal"); }),
              "2 inputs do not fit into 1 outputs of each group"));
  for (const Index groups : {1, 2}) {
    nn::ConvTranspose2d up({.in = 8, .out = 16, .kernel = 3, .stride = 2, .groups = groups});
    draw(up, "delta_orthogonal(gain=2)");
    CHECK(norm(up(x)) == doctest::Approx(2 * norm(x)).epsilon(1e-4));
  }
  nn::ConvTranspose2d down({.in = 16, .out = 8, .kernel = 3});
  CHECK(holds(message([&] { draw(down, "delta_orthogonal"); }), "16 inputs do not fit into 8 outputs"));
}

TEST_CASE("strides: a true fan keeps the second moment that PyTorch's leaves a quarter of") {
  const NoGrad no_grad;
  const Tensor x = normal_images({4, 16, 16, 16}, 4);
  struct Case {
    Index kernel, stride;
  };
  for (const Case c : {Case{4, 2}, Case{3, 2}, Case{5, 3}, Case{2, 2}, Case{3, 1}}) {
    CAPTURE(c.kernel);
    CAPTURE(c.stride);
    nn::ConvTranspose2d layer({.in = 16, .out = 64, .kernel = c.kernel, .stride = c.stride});
    draw(layer, "variance_scaling(mode=true_fan_in, distribution=normal)");
    CHECK(inner_second_moment(layer(x), 6) == doctest::Approx(1).epsilon(0.1));
    start::forget(layer);
    draw(layer, "variance_scaling(mode=fan_in, distribution=normal)");
    const double share = 1.0 / static_cast<double>(c.stride * c.stride);
    CHECK(inner_second_moment(layer(x), 6) == doctest::Approx(share).epsilon(0.1));
  }
}

TEST_CASE("strides: a convolution's true fan_out keeps the gradient's") {
  Tensor x = normal_images({4, 16, 33, 33}, 5);
  x.set_requires_grad(true);
  nn::Conv2d layer({.in = 16, .out = 64, .kernel = 3, .stride = 2});
  draw(layer, "variance_scaling(mode=true_fan_out, distribution=normal)");
  const Tensor y = layer(x), direction = normal_images(y.shape(), 6);
  ops::sum(y * direction).backward();
  CHECK(inner_second_moment(x.grad(), 4) == doctest::Approx(1).epsilon(0.1));
}

TEST_CASE("strides: what PyTorch has is untouched by them, and elsewhere the true fans are the fans") {
  nn::ConvTranspose2d one({.in = 4, .out = 6, .kernel = 3}),
      two({.in = 4, .out = 6, .kernel = 3, .stride = 2});
  Generator first(3), second(3);
  start::initialize(one, init::Plan(), first);
  start::initialize(two, init::Plan(), second);
  CHECK(one.weight->value.to_vector() == two.weight->value.to_vector());
  CHECK(two.weight->fans.in == one.weight->fans.in);
  CHECK(two.weight->fans.in_parts == 4);
  const init::Fans fans{.in = 30, .out = 50};
  CHECK(init::pick(fans, init::Fan::true_in) == 30);
  CHECK(init::pick(fans, init::Fan::true_out) == 50);
}
