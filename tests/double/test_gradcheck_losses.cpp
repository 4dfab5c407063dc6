// Losses: autograd's gradients against central differences.
#include <doctest/doctest.h>

#include "tests/double/gradcheck_inputs.hpp"

namespace fanin::gradcheck_test {
namespace {

TEST_CASE("cross_entropy with label smoothing and class weights") {
  const std::vector<std::int32_t> labels = {2, 0, 4, 2, 1};
  const Tensor weights = Tensor::from({0.5, 1, 2, 0, 3}, {5});
  for (const double smoothing : {0.0, 0.1, 1.0}) {
    CAPTURE(smoothing);
    for (const Tensor& class_weights : {Tensor(), weights}) {
      const ops::CrossEntropyOptions options{.label_smoothing = smoothing, .class_weights = class_weights};
      CHECK(gradcheck([&](const Inputs& in) { return ops::cross_entropy(in[0], labels, options); },
                      {random({5, 5}, 1, -3, 3)}) < bound);
      auto partial = options;
      partial.ignore_index = 2;
      CHECK(gradcheck([&](const Inputs& in) { return ops::cross_entropy(in[0], labels, partial); },
                      {random({5, 5}, 1, -3, 3)}) < bound);
    }
  }
}

TEST_CASE("mse towards a fixed and towards a learned target") {
  CHECK(gradcheck([](const Inputs& in) { return ops::mse(in[0], in[1]); },
                  {random({3, 4}, 1), random({3, 4}, 2)}) < bound);
  Tensor fixed = random({3, 4}, 2);
  fixed.set_requires_grad(false);
  CHECK(gradcheck([&](const Inputs& in) { return ops::mse(fixed, in[0]); }, {random({3, 4}, 1)}) < bound);
}

}  // namespace
}  // namespace fanin::gradcheck_test
