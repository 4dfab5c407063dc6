// fanin's side of `make interop`; interop.py is PyTorch's and decides what both do.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/io/numpy_file.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/models.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>

using namespace fanin;

namespace {

models::InputSpec input_spec(const std::string& text) {
  models::InputSpec spec;
  if (std::sscanf(text.c_str(), "%tdx%tdx%td", &spec.channels, &spec.height, &spec.width) != 3) {
    fail_usage("input '{}': expected CHANNELSxHEIGHTxWIDTH", text);
  }
  return spec;
}

Tensor logits_of(nn::Module& model, const Tensor& images) {
  const NoGrad no_grad;
  model.eval();
  return model(images);
}

/// A model after a few steps on noise: no parameter and no running statistic is at its initial value any
/// more.
nn::ModulePtr trained(const std::string& text, const models::InputSpec& input) {
  const auto model = models::build(text, input);
  Generator generator(7);
  start::initialize(*model, "default", generator);
  model->reseed(7);
  optim::Optimizer optimizer(*model, {.rule = optim::sgd(), .lr = 0.02, .momentum = 0.9});
  for (int step = 0; step < 5; ++step) {
    Tensor images(Shape{32, input.channels, input.height, input.width});
    generator.normal(images.values(), 0.3, 1.5);
    std::vector<std::int32_t> labels(32);
    for (auto& label : labels) label = static_cast<std::int32_t>(generator.uniform01() * input.classes);
    optimizer.zero_grad();
    ops::cross_entropy((*model)(images), labels).backward();
    optimizer.step();
  }
  return model;
}

Tensor read_images(const std::string& path, const models::InputSpec& input) {
  const io::TensorFile file = io::read_tensor_file(path);
  const io::StoredTensor& images = file.tensors.at(0);
  Tensor out(Shape{images.sizes.at(0), input.channels, input.height, input.width});
  if (out.numel() != images.numel()) fail("{}: images of shape {}", path, images.shape_text());
  images.read_all(out.data());
  return out;
}

/// Trains, and writes the weights in every form that fanin writes, with the logits of `images`.
void train(const std::string& text, const std::string& size, const std::string& images,
           const std::string& folder) {
  const auto input = input_spec(size);
  const auto model = trained(text, input);
  start::save_model(folder + "/f32.safetensors", *model, {{"model", text}});
  start::save_model(folder + "/f16.safetensors", *model, {{"model", text}}, io::DType::f16);
  start::save_model(folder + "/bf16.safetensors", *model, {{"model", text}}, io::DType::bf16);
  const io::TensorFile file = io::read_tensor_file(folder + "/f32.safetensors");
  io::write_npz(folder + "/f32.npz", file.tensors);
  io::write_npz(folder + "/f16.npz", file.tensors, io::DType::f16);
  io::write_npy(folder + "/logits.npy", io::stored("logits", logits_of(*model, read_images(images, input))));
}

/// Loads a file strictly into a fresh model and writes its logits.
void load(const std::string& text, const std::string& size, const std::string& images,
          const std::string& path, const std::string& out, const std::string& prefix) {
  const auto input = input_spec(size);
  const auto model = models::build(text, input);
  const start::WarmStartReport report =
      start::load_state_dict(*model, io::read_tensor_file(path), {.strip_prefix = prefix});
  io::write_npy(out, io::stored("logits", logits_of(*model, read_images(images, input))));
  std::puts(report.summary().c_str());
}

/// Seconds to open, check and read all tensors of a file into memory of their own.
double time_loading(const std::string& path) {
  const auto start = std::chrono::steady_clock::now();
  const io::TensorFile file = io::read_tensor_file(path);
  std::vector<Tensor> tensors;
  for (const auto& tensor : file.tensors) {
    tensors.emplace_back(Shape{tensor.numel()});
    tensor.read_all(tensors.back().data());
    tensor.drop_pages();
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Seconds to read a file into memory as `cat` reads: 128 KiB at a time.
double time_reading(const std::string& path) {
  const auto size = std::filesystem::file_size(path);
  const auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<char[]> memory(new char[size]);
  const int file = ::open(path.c_str(), O_RDONLY);
  std::size_t at = 0;
  for (ssize_t got = 1; at < size && got > 0; at += static_cast<std::size_t>(got)) {
    got = ::read(file, memory.get() + at, std::min<std::size_t>(size - at, 128 << 10));
    if (got < 0) fail("{}: cannot read", path);
  }
  ::close(file);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> a(argv + 1, argv + argc);
  try {
    if (a.size() == 5 && a[0] == "train") {
      train(a[1], a[2], a[3], a[4]);
    } else if (a.size() == 7 && a[0] == "load") {
      load(a[1], a[2], a[3], a[4], a[5], a[6]);
    } else if (a.size() == 3 && a[0] == "time") {
      set_threads(std::stoi(a[2]));
      std::printf("%.6f\n", time_loading(a[1]));
    } else if (a.size() == 2 && a[0] == "cat") {
      std::printf("%.6f\n", time_reading(a[1]));
    } else {
      fail_usage(
          "usage: interop train MODEL CxHxW IMAGES FOLDER | load MODEL CxHxW IMAGES FILE OUT PREFIX | time "
          "FILE THREADS | cat FILE");
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "interop: %s\n", error.what());
    return error.blame() == Blame::usage ? 2 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "interop: %s\n", error.what());
    return 1;
  }
  return 0;
}
