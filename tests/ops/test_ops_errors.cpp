// Every op names itself and the shapes that do not fit.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include <fanin/core/error.hpp>
#include <fanin/core/sanitizer.hpp>
#include <fanin/ops/ops.hpp>

namespace fanin {
namespace {

const real infinity = std::numeric_limits<real>::infinity();
const real nan = std::numeric_limits<real>::quiet_NaN();

template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    CHECK(error.blame() == Blame::run);
    return error.what();
  }
  return "no error";
}

Tensor of(const Shape& shape) { return Tensor::ones(shape); }

TEST_CASE("linear and matmul name both shapes") {
  CHECK(message_of([] {
          ops::linear(of({64, 784}), of({256, 800}));
        }) == "linear: input [64, 784] does not fit weight [256, 800]: the last dimension must be 800");
  CHECK(message_of([] {
          ops::linear(of({4, 3}), of({2, 3}), of({3}));
        }) == "linear: bias [3] does not fit [2, 3]: its shape must be [2]");
  CHECK(message_of([] {
          ops::linear(of({4, 3}), of({3}));
        }) == "linear: weight must be [out, in], its shape is [3]");
  CHECK(message_of([] { ops::linear(Tensor(), of({2, 3})); }) == "linear: input is undefined");
  CHECK(message_of([] {
          ops::linear(Tensor::scalar(1), of({2, 3}));
        }) == "linear: input [] does not fit weight [2, 3]: the last dimension must be 3");
  CHECK(message_of([] {
          ops::matmul(of({2, 3}), of({4, 5}));
        }) ==
        "matmul: shapes [2, 3] and [4, 5] do not fit: [m, k] with [k, n], the same with sizes in front that "
        "broadcast, or a vector [k] on either side");
  for (const auto& pair : {std::pair<Shape, Shape>{{3}, {4}},
                           {{2, 3}, {2}},
                           {{2, 3, 4}, {3, 4, 5}},
                           {{2, 1, 3, 4}, {3, 2, 4, 5}},
                           {{3}, {}},
                           {{}, {}}}) {
    CHECK_THROWS_AS(ops::matmul(of(pair.first), of(pair.second)), Error);
  }
}

TEST_CASE("convolutions name both shapes and the option at fault") {
  const Tensor x = of({2, 4, 5, 5}), w = of({6, 4, 3, 3});
  CHECK(
      message_of([&] {
        ops::conv2d(of({2, 3, 5, 5}), w);
      }) ==
      "conv2d: input [2, 3, 5, 5] does not fit weight [6, 4, 3, 3] with groups 1: it must have 4·1 channels");
  CHECK(message_of([&] {
          ops::conv2d(of({4, 5, 5}), w);
        }) == "conv2d: input must be [N, C, H, W], its shape is [4, 5, 5]");
  CHECK(
      message_of([&] {
        ops::conv2d(of({2, 4, 2, 5}), w);
      }) ==
      "conv2d: input [2, 4, 2, 5] with padding (0, 0) is smaller than the kernel of weight [6, 4, 3, 3] with "
      "dilation (1, 1)");
  CHECK(message_of([&] { ops::conv2d(x, w, of({4})); }) ==
        "conv2d: bias [4] does not fit [6, 4, 3, 3]: its shape must be [6]");
  CHECK(message_of([&] { ops::conv2d(x, w, {}, {.groups = 4}); }) ==
        "conv2d: groups 4 must divide the 6 filters of weight [6, 4, 3, 3]");
  CHECK_THROWS_AS(ops::conv2d(x, w, {}, {.groups = 2}), Error);
  CHECK_THROWS_AS(ops::conv2d(x, w, {}, {.groups = 0}), Error);
  CHECK_THROWS_AS(ops::conv2d(x, w, {}, {.stride = 0}), Error);
  CHECK_THROWS_AS(ops::conv2d(x, w, {}, {.padding = {0, -1}}), Error);
  CHECK_THROWS_AS(ops::conv2d(x, w, {}, {.padding = Index{1} << 62}), Error);
  CHECK_THROWS_AS(ops::conv2d(x, w, {}, {.dilation = 0}), Error);
  CHECK_THROWS_AS(ops::conv2d(x, of({6, 4, 0, 3})), Error);
  CHECK_THROWS_AS(ops::conv2d(x, of({0, 4, 3, 3})), Error);
  CHECK(message_of([&] {
          ops::conv_transpose2d(x, of({3, 4, 3, 3}));
        }) ==
        "conv_transpose2d: input [2, 4, 5, 5] does not fit weight [3, 4, 3, 3]: it must have 3 channels");
  CHECK(message_of([&] {
          ops::conv_transpose2d(x, of({4, 2, 3, 3}), {}, {.output_padding = 1});
        }) == "conv_transpose2d: output_padding (1, 1) must be less than stride (1, 1) or dilation (1, 1)");
  CHECK_THROWS_AS(ops::conv_transpose2d(x, of({4, 2, 3, 3}), {}, {.padding = 5}), Error);
  CHECK_THROWS_AS(ops::conv_transpose2d(x, of({4, 2, 3, 3}), of({3})), Error);
  CHECK_THROWS_AS(ops::conv_transpose2d(x, of({4, 2, 3, 3}), {}, {.groups = 3}), Error);
}

TEST_CASE("pools refuse windows that do not fit") {
  const Tensor x = of({2, 3, 4, 4});
  CHECK(message_of([&] { ops::max_pool2d(x, {.kernel = 5}); }) ==
        "max_pool2d: input [2, 3, 4, 4] with padding (0, 0) is smaller than the kernel (5, 5)");
  CHECK_THROWS_AS(ops::max_pool2d(x, {.kernel = 2, .padding = 2}), Error);
  CHECK_THROWS_AS(ops::avg_pool2d(x, {.kernel = 0}), Error);
  CHECK_THROWS_AS(ops::avg_pool2d(x, {.kernel = 2, .stride = ops::Pair{0, 1}}), Error);
  CHECK_THROWS_AS(ops::avg_pool2d(x, {.kernel = Index{1} << 62, .padding = Index{1} << 61}), Error);
  CHECK_THROWS_AS(ops::avg_pool2d(of({3, 4, 4})), Error);
  CHECK_THROWS_AS(ops::adaptive_avg_pool2d(x, {0, 1}), Error);
  CHECK_THROWS_AS(ops::adaptive_avg_pool2d(of({2, 3, 0, 4}), 1), Error);
}

TEST_CASE("cross_entropy and mse refuse labels, options and shapes that do not fit") {
  const Tensor logits = of({2, 3});
  using Labels = std::vector<std::int32_t>;
  const auto loss = [&](const Labels& labels, const ops::CrossEntropyOptions& options = {}) {
    return ops::cross_entropy(logits, labels, options);
  };
  CHECK(message_of([&] { loss({1, 3}); }) == "cross_entropy: label 3 of row 1 is out of range for 3 classes");
  CHECK_THROWS_AS(loss({-1, 0}), Error);
  CHECK_NOTHROW(loss({-100, 0}));
  CHECK(message_of([&] {
          loss({-100, -100});
        }) == "cross_entropy: every label is ignore_index, -100: there is nothing to average");
  CHECK_THROWS_AS(loss({-100, 0}, {.ignore_index = -1}), Error);
  CHECK(message_of([&] { loss({1}); }) == "cross_entropy: 1 labels for logits [2, 3]: one a row is needed");
  CHECK_THROWS_AS(loss({0, 1}, {.label_smoothing = 1.5}), Error);
  CHECK_THROWS_AS(loss({0, 1}, {.label_smoothing = static_cast<double>(nan)}), Error);
  CHECK_THROWS_AS(loss({0, 1}, {.class_weights = of({2})}), Error);
  CHECK_THROWS_AS(loss({0, 1}, {.class_weights = Tensor::zeros({3})}), Error);
  CHECK_THROWS_AS(ops::cross_entropy(of({0, 3}), Labels{}), Error);
  CHECK_THROWS_AS(ops::cross_entropy(of({2, 0}), Labels{0, 0}), Error);
  CHECK_THROWS_AS(ops::cross_entropy(of({2}), Labels{0, 0}), Error);
  CHECK(message_of([] {
          ops::mse(of({2, 3}), of({3, 2}));
        }) == "mse: input [2, 3] and target [3, 2] must have one shape, not empty");
  CHECK_THROWS_AS(ops::mse(of({0}), of({0})), Error);
}

TEST_CASE("normalizations refuse shapes and options that do not fit") {
  const Tensor x = of({4, 6, 2, 2}), none;
  const auto norm = [&](const Tensor& in, const Tensor& gamma, const ops::BatchNormOptions& options = {}) {
    return ops::batch_norm(in, gamma, none, none, none, options);
  };
  CHECK(message_of([&] { norm(x, of({5})); }) ==
        "batch_norm: gamma [5] does not fit [4, 6, 2, 2]: its shape must be [6]");
  CHECK(message_of([&] {
          norm(of({1, 6}), none);
        }) == "batch_norm: training needs more than one value a channel: input [1, 6] has 1");
  CHECK_THROWS_AS(norm(of({0, 6}), none), Error);
  CHECK_THROWS_AS(norm(of({6}), none), Error);
  CHECK_THROWS_AS(norm(x, none, {.training = false}), Error);
  CHECK_THROWS_AS(norm(x, none, {.momentum = -1}), Error);
  CHECK_THROWS_AS(norm(x, none, {.eps = -1}), Error);
  CHECK(message_of([&] {
          ops::layer_norm(x, {2, 3}, none, none);
        }) == "layer_norm: input [4, 6, 2, 2] does not end in the normalized shape [2, 3]");
  CHECK_THROWS_AS(ops::layer_norm(x, {}, none, none), Error);
  CHECK_THROWS_AS(ops::layer_norm(of({2}), {2, 2}, none, none), Error);
  CHECK_THROWS_AS(ops::layer_norm(x, {2, 2}, of({4}), none), Error);
  CHECK_THROWS_AS(ops::layer_norm(x, {2, 2}, none, none, static_cast<double>(nan)), Error);
  CHECK(message_of([&] { ops::group_norm(x, 4, none, none); }) ==
        "group_norm: groups 4 must divide the 6 channels of input [4, 6, 2, 2]");
  CHECK_THROWS_AS(ops::group_norm(x, 0, none, none), Error);
  CHECK_THROWS_AS(ops::group_norm(x, 2, of({2}), none), Error);
}

TEST_CASE("arithmetic, reductions and moves name the shapes and the dimension") {
  const Tensor x = of({2, 3});
  CHECK(
      message_of([&] {
        x + of({2, 4});
      }) ==
      "add: shapes [2, 3] and [2, 4] do not broadcast: from the last dimension on, sizes must be equal or one of them 1");
  CHECK(message_of([&] { x / Tensor(); }) == "div: right operand is undefined");
  CHECK(message_of([&] { ops::sum(x, 2); }) == "sum: dimension 2 is out of range for shape [2, 3]");
  CHECK_THROWS_AS(ops::mean(x, -3), Error);
  CHECK_THROWS_AS(ops::mean(of({2, 0})), Error);
  CHECK_THROWS_AS(ops::mean(of({2, 0}), 1), Error);
  CHECK(ops::sum(of({2, 0})).item() == 0);
  CHECK(message_of([&] {
          ops::reshape(x, {4, 2});
        }) == "reshape: input [2, 3] has 6 elements, shape [4, 2] has 8");
  CHECK_THROWS_AS(ops::flatten(x, 2), Error);
  CHECK_THROWS_AS(ops::transpose(x, 0, 2), Error);
  CHECK(message_of([&] {
          ops::concat({x, of({3, 4})}, 0);
        }) == "concat: shape [3, 4] does not fit shape [2, 3]: all sizes but that of dimension 0 must agree");
  CHECK_THROWS_AS(ops::concat({x, of({3})}, 0), Error);
  CHECK_THROWS_AS(ops::concat({}, 0), Error);
  CHECK(ops::concat({x, x, x, x, x, x, x, x, x}, 0).size(0) == 9 * x.size(0));  // more than an op has inputs
  CHECK(ops::concat({x, x, x, x, x, x, x, x}, 1).shape() == Shape{2, 24});
  CHECK(message_of([&] { ops::slice(x, 1, 2, 4); }) ==
        "slice: 2..4 is not a range of dimension 1 of shape [2, 3]");
  CHECK_THROWS_AS(ops::slice(x, 1, -1, 2), Error);
  CHECK_THROWS_AS(ops::slice(x, 1, 2, 1), Error);
  CHECK_THROWS_AS(ops::softmax(x, 2), Error);
  CHECK_THROWS_AS(ops::relu(Tensor()), Error);
  CHECK_THROWS_AS(ops::softplus(x, 0), Error);
  CHECK_THROWS_AS(ops::elu(x, static_cast<double>(infinity)), Error);
  CHECK_THROWS_AS(ops::prelu(of({2, 3, 4}), of({4})), Error);
}

TEST_CASE("embedding and dropout refuse indices and probabilities out of range") {
  using Indices = std::vector<std::int32_t>;
  const Tensor weight = of({3, 2});
  CHECK(message_of([&] {
          ops::embedding(Indices{0, 3}, weight);
        }) == "embedding: index 3 at place 1 is none of the rows of weight [3, 2]");
  CHECK_THROWS_AS(ops::embedding(Indices{-1}, weight), Error);
  for (const real bad : {real(0.5), real(-1), real(3), infinity, nan}) {
    CHECK_THROWS_AS(ops::embedding(Tensor::from({bad}, {1}), weight), Error);
  }
  CHECK(ops::embedding(Tensor::from({0, 2, 1, 1}, {2, 2}), weight).shape() == Shape{2, 2, 2});
  CHECK(ops::embedding(Indices{}, weight).shape() == Shape{0, 2});
  Generator generator(1);
  for (const double p : {-0.1, 1.1, static_cast<double>(nan)}) {
    CHECK_THROWS_AS(ops::dropout(weight, p, true, generator), Error);
  }
}

#if !FANIN_ASAN && !FANIN_TSAN  // which end the program instead
TEST_CASE("a tensor that cannot fit in memory is an error, not a crash") {
  try {
    Tensor({Index{1} << 24, Index{1} << 23});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.blame() == Blame::memory);
    CHECK(std::string(error.what()).find("not enough memory for a tensor of shape [16777216, 8388608]") !=
          std::string::npos);
  }
}
#endif

}  // namespace
}  // namespace fanin
