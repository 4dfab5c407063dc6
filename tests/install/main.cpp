// What a program outside the repository does with the library: a layer and an op of its own, training, a file, errors.
// Ends with 0 when all came out as it must.
#include <cmath>
#include <cstdio>
#include <iostream>

#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/version.hpp>

#include "model.hpp"

using namespace fanin;

static_assert(FANIN_VERSION_MAJOR * 1000 + FANIN_VERSION_MINOR >= 2);

int own_names();  // names.cpp

namespace {

struct Cube {
  static constexpr const char* name = "cube";
  Tensor input;

  Tensor forward(const Tensor& x) {
    input = x.detach();
    Tensor y = x.clone();
    for (real& value : y.values()) value *= value * value;
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    Tensor grad = grad_output.clone();
    for (Index i = 0; i < grad.numel(); ++i) grad.data()[i] *= 3 * input.data()[i] * input.data()[i];
    grads.give(0, grad);
  }
};

int failures = 0;
void check(bool good, const char* what) {
  if (good) return;
  std::cerr << "failed: " << what << "\n";
  ++failures;
}

}  // namespace

int main() {
  const data::Sets data = datasets::load_sets("synthetic(classes=4, size=8, count=400)");
  nn::Sequential net("flat", nn::Flatten(), "stem", nn::Linear(64, 32), "block", Block(32), "head",
                     nn::Linear(32, 4));
  Generator generator(0);
  start::initialize(net, "*.weight = orthogonal; *.bias = zeros", generator);
  const auto result = train::fit(net, data, {.epochs = 8, .batch = 20, .optimizer = {.lr = 0.1}});
  check(result.test.accuracy > 0.9, "training reaches 90%");

  Tensor x = Tensor::from({-1, 2}, {2});
  x.set_requires_grad(true);
  ops::sum(record(Cube{}, x)).backward();
  check(x.grad().to_vector() == std::vector<real>{3, 12}, "an op of one's own has its gradient");
  check(std::abs(ops::tanh(Tensor::scalar(1)).item() - real(0.76159416)) < real(1e-6), "tanh(1)");

  start::save_model("outside.safetensors", net);
  check(io::read_tensor_file("outside.safetensors").tensors.size() == 7, "the file holds seven tensors");
  std::remove("outside.safetensors");

  try {
    models::build("mlp(hiden=3)", {});
    check(false, "an unknown option is an Error");
  } catch (const Error& error) {
    check(error.blame() == Blame::usage && std::string(error.what()).find("hidden") != std::string::npos,
          "the Error names the nearest option");
  }
  check(own_names() == 3, "names of its own");
  std::cout << "fanin " << fanin::version << ", accuracy " << result.test.accuracy << "\n";
  return failures == 0 ? 0 : 1;
}
