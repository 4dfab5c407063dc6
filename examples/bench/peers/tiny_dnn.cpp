// The workloads of `make bench` in tiny-dnn (Debian's tiny-dnn, libcereal-dev, libgemmlowp-dev), one thread,
// its AVX kernels.
//   peer_tiny_dnn WORKLOAD BATCH SECONDS    after a warm-up, one measure (samples/s) a line of stdin
//   peer_tiny_dnn about                     which kernels it has
#include <tiny_dnn/tiny_dnn.h>

#include <random>

#include "examples/bench/peers/serve.hpp"

using namespace tiny_dnn;
using namespace tiny_dnn::activation;
using tiny_dnn::layers::fc;

network<sequential> model_named(const std::string& name) {
  network<sequential> net;
  if (name == "mlp") {
    net << fc<relu>(784, 256) << fc<relu>(256, 128) << fc<softmax>(128, 10);
  } else if (name == "lenet") {
    net << convolutional_layer<relu>(28, 28, 5, 1, 6, padding::same)
        << max_pooling_layer<identity>(28, 28, 6, 2) << convolutional_layer<relu>(14, 14, 5, 6, 16)
        << max_pooling_layer<identity>(10, 10, 16, 2) << fc<relu>(400, 120) << fc<relu>(120, 84)
        << fc<softmax>(84, 10);
  } else if (name == "conv_net") {
    net << convolutional_layer<relu>(28, 28, 3, 1, 32, padding::same)
        << convolutional_layer<relu>(28, 28, 3, 32, 64, padding::same)
        << max_pooling_layer<identity>(28, 28, 64, 2) << fc<relu>(64 * 14 * 14, 128) << fc<softmax>(128, 10);
  } else if (name == "plain_net") {
    for (int i = 0; i < 20; ++i) net << fc<tan_h>(i == 0 ? 784 : 256, 256);
    net << fc<softmax>(256, 10);
  } else {
    std::cerr << "unknown workload " << name << "\n";
    std::exit(2);
  }
  return net;
}

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == std::string("about")) {
    std::cout << "its own AVX kernels\n";
    return 0;
  }
  if (argc != 4) {
    std::cerr << "usage: peer_tiny_dnn WORKLOAD BATCH SECONDS\n";
    return 2;
  }
  const std::size_t batch = std::stoul(argv[2]);
  auto net = model_named(argv[1]);
  // One batch over and over: tiny-dnn shuffles nothing and gathers nothing, which is to its advantage.
  const std::size_t count = batch;
  std::mt19937 engine(0);
  std::normal_distribution<float> normal;
  std::vector<vec_t> images(count, vec_t(784));
  std::vector<label_t> labels(count);
  for (auto& label : labels) label = static_cast<label_t>(engine() % 10);
  for (std::size_t one = 0; one < count; ++one) {
    for (int i = 0; i < 784; ++i)
      images[one][static_cast<std::size_t>(i)] = pixel_of(static_cast<int>(labels[one]), i, normal(engine));
  }
  gradient_descent optimizer;
  // tiny-dnn's own gradients are sums over the batch; the rate does not change the time
  optimizer.alpha = 0.001f;
  serve(
      std::stod(argv[3]),
      [&] {
        net.train<cross_entropy_multiclass>(
            optimizer, images, labels, batch, 1, [] {}, [] {}, false, 1);
        return static_cast<long>(count);
      },
      [&] {
        std::vector<vec_t> wanted(count, vec_t(10));
        for (std::size_t one = 0; one < count; ++one) wanted[one][labels[one]] = 1;
        return net.get_loss<cross_entropy_multiclass>(images, wanted) / static_cast<float_t>(count);
      });
}
