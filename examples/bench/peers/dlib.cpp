// The workloads of `make bench` in dlib (Debian's libdlib-dev, with its BLAS), one thread of BLAS.
//   peer_dlib WORKLOAD BATCH SECONDS    after a warm-up, one measure (samples/s) a line of stdin
//   peer_dlib about                     which kernels its OpenBLAS chose
#include <dlib/dnn.h>

#include <random>

#include "examples/bench/peers/serve.hpp"

extern "C" void openblas_set_num_threads(int);
extern "C" const char* openblas_get_corename();

namespace {

using Image = dlib::matrix<float>;
template <class Below>
using hidden_120 = dlib::relu<dlib::fc<120, Below>>;
template <class Below>
using pool = dlib::max_pool<2, 2, 2, 2, Below>;

using Mlp = dlib::loss_multiclass_log<
    dlib::fc<10, dlib::relu<dlib::fc<128, dlib::relu<dlib::fc<256, dlib::input<Image>>>>>>>;
using LeNet = dlib::loss_multiclass_log<
    dlib::fc<10, dlib::relu<dlib::fc<84, hidden_120<pool<dlib::relu<dlib::add_layer<
                                             dlib::con_<16, 5, 5, 1, 1, 0, 0>,
                                             pool<dlib::relu<dlib::add_layer<dlib::con_<6, 5, 5, 1, 1, 2, 2>,
                                                                             dlib::input<Image>>>>>>>>>>>>;
using ConvNet = dlib::loss_multiclass_log<dlib::fc<
    10, dlib::relu<dlib::fc<
            128, pool<dlib::relu<dlib::add_layer<
                     dlib::con_<64, 3, 3, 1, 1, 1, 1>,
                     dlib::relu<dlib::add_layer<dlib::con_<32, 3, 3, 1, 1, 1, 1>, dlib::input<Image>>>>>>>>>>;
template <class Below>
using tanh_block = dlib::htan<dlib::fc<256, Below>>;
using PlainNet =
    dlib::loss_multiclass_log<dlib::fc<10, dlib::repeat<19, tanh_block, tanh_block<dlib::input<Image>>>>>;

template <class Net>
void run(std::size_t batch, double seconds) {
  std::mt19937 engine(0);
  std::normal_distribution<float> normal;
  std::vector<Image> images(16 * batch, Image(28, 28));
  std::vector<unsigned long> labels(images.size());
  for (auto& label : labels) label = engine() % 10;
  for (std::size_t one = 0; one < images.size(); ++one) {
    for (long i = 0; i < images[one].size(); ++i)
      images[one](i) = pixel_of(static_cast<int>(labels[one]), static_cast<int>(i), normal(engine));
  }

  Net net;
  dlib::resizable_tensor x;
  std::vector<dlib::sgd> solvers(Net::num_computational_layers, dlib::sgd(0, 0));
  std::size_t at = 0;
  // Not dnn_trainer, whose second thread prepares batches: this is what its worker does for each.
  serve(
      seconds,
      [&] {
        at = (at + batch) % images.size();
        const auto first = images.begin() + static_cast<std::ptrdiff_t>(at);
        net.to_tensor(first, first + static_cast<std::ptrdiff_t>(batch), x);
        net.compute_parameter_gradients(x, labels.begin() + static_cast<std::ptrdiff_t>(at));
        net.update_parameters(dlib::make_sstack(solvers), 0.1);
        return static_cast<long>(batch);
      },
      [&] {
        net.to_tensor(images.begin(), images.begin() + static_cast<std::ptrdiff_t>(batch), x);
        return net.compute_loss(x, labels.begin());
      });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == std::string("about")) {
    std::cout << "OpenBLAS " << openblas_get_corename() << "\n";
    return 0;
  }
  if (argc != 4) {
    std::cerr << "usage: peer_dlib WORKLOAD BATCH SECONDS\n";
    return 2;
  }
  openblas_set_num_threads(1);
  const std::string name = argv[1];
  const std::size_t batch = std::stoul(argv[2]);
  const double seconds = std::stod(argv[3]);
  if (name == "mlp")
    run<Mlp>(batch, seconds);
  else if (name == "lenet")
    run<LeNet>(batch, seconds);
  else if (name == "conv_net")
    run<ConvNet>(batch, seconds);
  else if (name == "plain_net")
    run<PlainNet>(batch, seconds);
  else
    return std::cerr << "unknown workload " << name << "\n", 2;
}
