// Normalizations, reductions, softmax, matmul, embedding and dropout: autograd against central differences.
#include <doctest/doctest.h>

#include "tests/double/gradcheck_inputs.hpp"

namespace fanin::gradcheck_test {
namespace {

TEST_CASE("batch_norm in training and evaluation, for [N, C], [N, C, L] and [N, C, H, W]") {
  for (const Shape& shape : {Shape{5, 3}, {7, 19}, {2, 3, 4}, {3, 2, 3, 2}, {1, 2, 3, 3}}) {
    CAPTURE(shape.to_string());
    const Shape channels{shape[1]};
    for (const bool training : {true, false}) {
      CAPTURE(training);
      const auto f = [&](const Inputs& in) {
        const Tensor mean = random(channels, 8), var = random(channels, 9, 0.5, 2);
        return ops::batch_norm(in[0], in.size() > 1 ? in[1] : Tensor(), in.size() > 2 ? in[2] : Tensor(),
                               mean, var, {.training = training});
      };
      CHECK(gradcheck(f, {random(shape, 1), random(channels, 2), random(channels, 3)}) < bound);
      CHECK(gradcheck(f, {random(shape, 1), random(channels, 2)}) < bound);
      CHECK(gradcheck(f, {random(shape, 1)}) < bound);
    }
  }
}

TEST_CASE("batch_norm with one tensor as gamma and beta, and x used twice") {
  const auto f = [](const Inputs& in) {
    return ops::batch_norm(in[0], in[1], in[1], {}, {}, {.eps = 0.1}) * in[0];
  };
  CHECK(gradcheck(f, {random({4, 3, 2}, 1), random({3}, 2)}) < bound);
}

TEST_CASE("layer_norm over one and over several dimensions") {
  for (const Shape& normalized : {Shape{4}, {3, 4}, {2, 3, 4}}) {
    CAPTURE(normalized.to_string());
    const auto f = [&](const Inputs& in) {
      return ops::layer_norm(in[0], normalized, in.size() > 1 ? in[1] : Tensor(),
                             in.size() > 2 ? in[2] : Tensor());
    };
    CHECK(gradcheck(f, {random({2, 3, 4}, 1), random(normalized, 2), random(normalized, 3)}) < bound);
    CHECK(gradcheck(f, {random({2, 3, 4}, 1), random(normalized, 2)}) < bound);
    CHECK(gradcheck(f, {random({2, 3, 4}, 1)}) < bound);
  }
  CHECK(gradcheck([](const Inputs& in) { return ops::layer_norm(in[0], {5}, in[0], in[0]); },
                  {random({5}, 1)}) < bound);
  CHECK(gradcheck([](const Inputs& in) { return ops::layer_norm(in[0], {37}, in[1], in[2]); },
                  {random({6, 37}, 1), random({37}, 2), random({37}, 3)}) < bound);
}

TEST_CASE("group_norm with one, some and as many groups as channels") {
  for (const Index groups : {1, 2, 4}) {
    CAPTURE(groups);
    const auto f = [&](const Inputs& in) {
      return ops::group_norm(in[0], groups, in.size() > 1 ? in[1] : Tensor(),
                             in.size() > 2 ? in[2] : Tensor());
    };
    CHECK(gradcheck(f, {random({2, 4, 3, 2}, 1), random({4}, 2), random({4}, 3)}) < bound);
    CHECK(gradcheck(f, {random({2, 4, 3, 2}, 1)}) < bound);
  }
  CHECK(gradcheck([](const Inputs& in) { return ops::group_norm(in[0], 2, in[1], in[2]); },
                  {random({3, 8}, 1), random({8}, 2), random({8}, 3)}) < bound);
}

TEST_CASE("sum and mean, of all and along each dimension") {
  CHECK(gradcheck([](const Inputs& in) { return ops::sum(in[0]) * ops::mean(in[0]); }, {random({3, 4}, 1)}) <
        bound);
  for (const int dim : {0, 1, 2, -1}) {
    for (const bool keepdim : {false, true}) {
      CAPTURE(dim);
      CAPTURE(keepdim);
      CHECK(gradcheck(
                [&](const Inputs& in) {
                  return ops::sum(in[0], dim, keepdim) * ops::mean(in[0], dim, keepdim);
                },
                {random({2, 3, 4}, 1)}) < bound);
    }
  }
}

TEST_CASE("softmax and log_softmax along each dimension") {
  for (const int dim : {0, 1, 2, -1}) {
    CAPTURE(dim);
    CHECK(gradcheck([&](const Inputs& in) { return ops::softmax(in[0], dim); },
                    {random({2, 3, 4}, 1, -3, 3)}) < bound);
    CHECK(gradcheck([&](const Inputs& in) { return ops::log_softmax(in[0], dim) * in[0]; },
                    {random({2, 3, 4}, 1, -3, 3)}) < bound);
  }
}

TEST_CASE("matmul of matrices and of batches, also of a matrix with itself") {
  const auto f = [](const Inputs& in) { return ops::matmul(in[0], in.back()); };
  CHECK(gradcheck(f, {random({3, 4}, 1), random({4, 5}, 2)}) < bound);
  CHECK(gradcheck(f, {random({2, 3, 4}, 1), random({2, 4, 5}, 2)}) < bound);
  CHECK(gradcheck(f, {random({2, 3, 4}, 1), random({4, 5}, 2)}) < bound);
  CHECK(gradcheck(f, {random({3, 3}, 1)}) < bound);
}

TEST_CASE("embedding with rows used never, once and often") {
  const std::vector<std::int32_t> indices = {3, 0, 3, 1, 3};
  CHECK(gradcheck([&](const Inputs& in) { return ops::embedding(indices, in[0]); }, {random({5, 3}, 1)}) <
        bound);
  CHECK(
      gradcheck(
          [&](const Inputs& in) {
            return ops::embedding(indices, in[0]) * ops::embedding(Tensor::from({0, 1, 2, 0, 4}, {5}), in[0]);
          },
          {random({5, 3}, 1)}) < bound);
}

TEST_CASE("dropout with one fixed mask") {
  for (const double p : {0.0, 0.4, 1.0}) {
    CAPTURE(p);
    CHECK(gradcheck(
              [&](const Inputs& in) {
                Generator generator(7);
                return ops::dropout(in[0], p, true, generator);
              },
              {random({4, 9}, 1)}) < bound);
  }
}

}  // namespace
}  // namespace fanin::gradcheck_test
