// Networks of several tensors: one tower run on two inputs, and one trunk with two heads.
#include <iostream>

#include <fanin/datasets.hpp>
#include <fanin/fanin.hpp>

using namespace fanin;

namespace {

nn::Sequential tower() {
  return nn::Sequential("flatten", nn::Flatten(), "fc1", nn::Linear(784, 64), "relu1", nn::ReLU(), "fc2",
                        nn::Linear(64, 16));
}

/// Whether two images are of one class, as a logit: the nearer their codes, the surer.
struct Siamese final : nn::Module {
  std::string kind() const override { return "Siamese"; }
  std::vector<Tensor> forward_all(std::span<const Tensor> in) override {
    const Tensor apart = tower_(in[0]) - tower_(in[1]);
    return {2 - ops::mean(apart * apart, 1)};
  }
  nn::Child<nn::Sequential> tower_ = child("tower", tower());
};

/// The class of an image, and how bright it is.
struct TwoHeads final : nn::Module {
  std::string kind() const override { return "TwoHeads"; }
  std::vector<Tensor> forward_all(std::span<const Tensor> in) override {
    const Tensor code = ops::relu(trunk_(in[0]));
    return {class_(code), brightness_(code)};
  }
  nn::Child<nn::Sequential> trunk_ = child("trunk", tower());
  nn::Child<nn::Linear> class_ = child("class", nn::Linear(16, 10)),
                        brightness_ = child("brightness", nn::Linear(16, 1));
};

}  // namespace

int main() {
  const data::Sets sets = datasets::load_sets("fashion-mnist(per_class=100)");
  const data::Batch all = data::first_batch(sets.training, 1000);
  const Tensor labels = Tensor::from(std::vector<int>(all.labels.begin(), all.labels.end()));
  const Tensor left = all.images[{0, 500}], right = all.images[{500, 1000}];
  Tensor alike({500});
  for (Index i = 0; i < 500; ++i) alike.data()[i] = labels[i].item() == labels[500 + i].item();
  Generator generator(0);
  const auto report = [](const char* name, const train::FitResult& run) {
    std::cout << name << ": loss " << run.history.front().loss << " to " << run.history.back().loss << "\n";
  };
  Siamese twins;
  start::initialize(twins, generator);
  report("siamese", train::fit(twins, data::arrays({left, right}, {alike}),
                               [](const Tensor& logit, const Tensor& same) {
                                 return ops::bce_with_logits(logit, same,
                                                             Tensor::scalar(9));  // one pair in ten is alike
                               },
                               {.epochs = 8, .optimizer = {.rule = optim::adam(), .lr = 0.002}}));
  TwoHeads heads;
  start::initialize(heads, generator);
  const Tensor bright = ops::mean(ops::flatten(all.images), 1, true);
  const train::Loss both = [by_class = train::cross_entropy()](std::span<const Tensor> out,
                                                               std::span<const Tensor> target) {
    return by_class(out.first(1), target.first(1)) + ops::huber(out[1], target[1]);
  };
  report("two heads", train::fit(heads, data::arrays({all.images}, {labels, bright}), both, {.epochs = 8}));
}
