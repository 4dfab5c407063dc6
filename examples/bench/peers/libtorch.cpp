// The workloads of `make bench` in PyTorch's C++ front end; built only where Debian's libtorch-dev is.
//   peer_libtorch WORKLOAD BATCH SECONDS    one thread; after a warm-up, one measure (samples/s) a line of stdin
//   peer_libtorch about                     its version, and which kernels its OpenBLAS chose
#include <torch/torch.h>

#include "examples/bench/peers/serve.hpp"

namespace nn = torch::nn;

extern "C" void openblas_set_num_threads(int);
extern "C" const char* openblas_get_corename();

nn::Sequential model_named(const std::string& name) {
  nn::Sequential net;
  const auto linear = [&net](int in, int out) { net->push_back(nn::Linear(in, out)); };
  const auto relu = [&net] { net->push_back(nn::ReLU()); };
  const auto conv = [&](int in, int out, int kernel, int padding) {
    net->push_back(nn::Conv2d(nn::Conv2dOptions(in, out, kernel).padding(padding)));
    relu();
  };
  const auto pool = [&net] { net->push_back(nn::MaxPool2d(2)); };
  const auto flatten = [&net] { net->push_back(nn::Flatten()); };
  if (name == "mlp") {
    flatten(), linear(784, 256), relu(), linear(256, 128), relu(), linear(128, 10);
  } else if (name == "lenet") {
    conv(1, 6, 5, 2), pool(), conv(6, 16, 5, 0), pool(), flatten();
    linear(400, 120), relu(), linear(120, 84), relu(), linear(84, 10);
  } else if (name == "conv_net") {
    conv(1, 32, 3, 1), conv(32, 64, 3, 1), pool(), flatten(), linear(64 * 14 * 14, 128), relu(),
        linear(128, 10);
  } else if (name == "plain_net") {
    flatten();
    for (int i = 0; i < 20; ++i) linear(i == 0 ? 784 : 256, 256), net->push_back(nn::Tanh());
    linear(256, 10);
  } else {
    std::cerr << "unknown workload " << name << "\n";
    std::exit(2);
  }
  return net;
}

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == std::string("about")) {
    std::cout << TORCH_VERSION << " with OpenBLAS " << openblas_get_corename() << "\n";
    return 0;
  }
  if (argc != 4) {
    std::cerr << "usage: peer_libtorch WORKLOAD BATCH SECONDS\n";
    return 2;
  }
  const int64_t batch = std::stol(argv[2]);
  const double seconds = std::stod(argv[3]);
  torch::set_num_threads(1);
  openblas_set_num_threads(1);
  torch::manual_seed(0);
  auto images = torch::randn({60000, 1, 28, 28});
  const auto labels = torch::randint(10, {60000}, torch::kLong);
  auto pattern = torch::zeros({10, 1, 28, 28});
  for (int label = 0; label < 10; ++label)
    for (int i = 0; i < 784; ++i) pattern.data_ptr<float>()[label * 784 + i] = pixel_of(label, i, 0);
  images += pattern.index_select(0, labels);
  auto model = model_named(argv[1]);
  torch::optim::SGD optimizer(model->parameters(), 0.1);
  auto order = torch::randperm(60000);
  int64_t at = 0;
  serve(
      seconds,
      [&] {
        if (at >= 60000) order = torch::randperm(60000), at = 0;
        const auto chosen = order.slice(0, at, std::min<int64_t>(at + batch, 60000));
        at += batch;
        const auto x = images.index_select(0, chosen), y = labels.index_select(0, chosen);
        for (auto& parameter : model->parameters()) parameter.mutable_grad().reset();
        torch::cross_entropy_loss(model->forward(x), y).backward();
        optimizer.step();
        return static_cast<long>(x.size(0));
      },
      [&] {
        const torch::NoGradGuard guard;
        return torch::cross_entropy_loss(model->forward(images.slice(0, 0, 256)), labels.slice(0, 0, 256))
            .item<float>();
      });
}
