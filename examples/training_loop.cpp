// Your own training loop: two batches of gradients accumulated for each step, the gradient's norm clipped.
#include <iostream>

#include <fanin/datasets.hpp>
#include <fanin/fanin.hpp>
#include <fanin/models.hpp>

using namespace fanin;

int main() {
  const data::Sets data = datasets::load_sets("fashion-mnist(per_class=200)");
  const nn::ModulePtr net = models::build("lenet", {});
  Generator generator(0);
  start::initialize(*net, "orthogonal", generator);

  optim::Optimizer optimizer(*net, {.rule = optim::adam(), .lr = 0.001});
  data::Loader loader(data.training, {.batch = 32, .shuffle = true}, Generator(1));
  for (int epoch = 1; epoch <= 4; ++epoch) {
    double total = 0;
    Index batches = 0;
    for (data::Batch batch; loader.next(batch);) {
      const Tensor loss = ops::cross_entropy((*net)(batch.images), batch.labels);
      (loss / 2).backward();  // gradients add up until they are forgotten
      total += loss.item();
      if (++batches % 2 != 0) continue;
      optimizer.clip_grad_norm(1.0);
      optimizer.step();
      optimizer.zero_grad();
    }
    std::cout << "epoch " << epoch << "  loss " << total / static_cast<double>(batches) << "\n";
  }
  std::cout << "test accuracy " << 100 * train::evaluate(*net, data.test).accuracy << "%\n";
}
