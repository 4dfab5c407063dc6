// Files in PyTorch's own form, and tensors to files and back.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fanin/core/fail.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/torch_file.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;

namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("files: a model is saved as its file's name says, and each comes back to the bit") {
  const Scratch scratch;
  const auto model =
      models::build("resnet_small(blocks=2, width=4)", {.channels = 1, .height = 8, .width = 8});
  Generator generator(1);
  start::initialize(*model, generator);
  for (const auto& [name, format] : {std::pair{"m.pth", io::FileFormat::torch_zip},
                                     {"m.pt", io::FileFormat::torch_zip},
                                     {"M.PTH", io::FileFormat::torch_zip},
                                     {"m.npz", io::FileFormat::npz},
                                     {"m.safetensors", io::FileFormat::safetensors},
                                     {"m", io::FileFormat::safetensors}}) {
    const std::string path = scratch / name;
    CAPTURE(path);
    start::save_model(path, *model);
    const io::TensorFile file = io::read_tensor_file(path);
    CHECK(file.format == format);
    const auto again =
        models::build("resnet_small(blocks=2, width=4)", {.channels = 1, .height = 8, .width = 8});
    start::load_state_dict(*again, file);
    const auto was = model->state_dict(), is = again->state_dict();
    for (std::size_t i = 0; i < was.size(); ++i) CHECK(was[i].second.to_vector() == is[i].second.to_vector());
  }
  for (const char* others : {"m.onnx", "M.H5", "pytorch_model.bin", "m.ckpt", "m.npy"}) {
    CAPTURE(others);
    CHECK_THROWS_WITH_AS(start::save_model(scratch / others, *model),
                         doctest::Contains("no model is written as"), Error);
    CHECK_FALSE(std::filesystem::exists(scratch / others));
  }
  start::save_model(scratch / "again.pth", *model);
  CHECK(bytes_of(scratch / "again.pth") == bytes_of(scratch / "m.pth"));
  start::save_model(scratch / "half.pth", *model, {}, io::DType::f16);
  CHECK(io::read_tensor_file(scratch / "half.pth").at("fc.weight").dtype == io::DType::f16);
}

TEST_CASE("files: tied tensors share a storage, empty ones and scalars keep their shape") {
  const Scratch scratch;
  nn::Sequential net("a", nn::Linear(64, 64), "b", nn::Linear(64, 64));
  net.at<nn::Linear>("b").weight = net.at<nn::Linear>("a").weight;
  Generator generator(1);
  start::initialize(net, generator);
  start::save_model(scratch / "tied.pth", net);
  const auto tied = io::read_tensor_file(scratch / "tied.pth");
  CHECK(tied.at("a.weight").data == tied.at("b.weight").data);
  CHECK(std::filesystem::file_size(scratch / "tied.pth") < 25'000);  // 64² floats once
  for (const char* name : {"x.pth", "x.npz", "x.safetensors"}) {
    CAPTURE(name);
    const Tensor ramp = Tensor::from(std::vector<double>{1, 2, 3, 4, 5, 6}, {2, 3});
    io::save(scratch / name, {{"ramp", ramp}, {"none", Tensor(Shape{0, 3})}, {"one", Tensor::scalar(7)}});
    const auto file = io::read_tensor_file(scratch / name);
    CHECK(file.at("ramp").to_tensor().to_vector() == ramp.to_vector());
    CHECK(file.at("ramp").to_tensor().shape() == Shape{2, 3});
    CHECK(file.at("none").to_tensor().shape() == Shape{0, 3});
    CHECK(file.at("one").to_tensor().shape() == Shape{});
  }
  for (const char* name : {"nothing.pth", "nothing.npz", "nothing.safetensors"}) {
    CAPTURE(name);
    io::save(scratch / name, {});
    CHECK(io::read_tensor_file(scratch / name).tensors.empty());
  }
  io::save(scratch / "x.npy", {{"ramp", Tensor::ones({2})}});
  CHECK(io::read_tensor_file(scratch / "x.npy").tensors[0].to_tensor().to_vector() ==
        std::vector<real>{1, 1});
  const Tensor x = Tensor::ones({1});
  CHECK(holds(usage_message([&] { io::save(scratch / "x.onnx", {{"x", x}}); }), "must end in .safetensors"));
  CHECK(holds(message([&] { io::save(scratch / "y.pth", {{"x", x}, {"x", x}}); }), "two tensors named 'x'"));
  CHECK(holds(message([&] { io::save(scratch / "y.npy", {{"x", x}, {"y", x}}); }), "one array"));
  CHECK_FALSE(std::filesystem::exists(scratch / "y.pth"));
  io::StoredTensor odd = io::stored("odd", x);
  odd.dtype = io::DType::u16;
  CHECK(holds(message([&] { io::write_torch(scratch / "y.pth", std::vector{odd}); }),
              "no tensors of U16, as 'odd' is"));
}

TEST_CASE("files: PyTorch reads what is written as .pth, with weights_only" *
          doctest::skip(std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") != 0)) {
  const Scratch scratch;
  nn::Sequential net("a", nn::Linear(3, 2), "b", nn::Linear(3, 2));
  net.at<nn::Linear>("b").weight = net.at<nn::Linear>("a").weight;
  net.at<nn::Linear>("a").weight->set(Tensor::from({1, 2, 3, 4, 5, 6}, {2, 3}));
  net.at<nn::Linear>("a").bias->set(Tensor::from({real(0.5), -1}, {2}));
  net.at<nn::Linear>("b").bias->set(Tensor::zeros({2}));
  start::save_model(scratch / "m.pth", net);
  std::ofstream(scratch / "check.py") << R"(
import sys, torch
d = torch.load(sys.argv[1], weights_only=True)
assert list(d) == ["a.weight", "a.bias", "b.weight", "b.bias"], list(d)
assert d["a.weight"].tolist() == [[1, 2, 3], [4, 5, 6]] and d["a.bias"].tolist() == [0.5, -1]
assert d["a.weight"].data_ptr() == d["b.weight"].data_ptr() and d["a.weight"].is_contiguous()
m = torch.nn.Sequential(); m.add_module("a", torch.nn.Linear(3, 2)); m.add_module("b", torch.nn.Linear(3, 2))
print(m.load_state_dict(d))
)";
  const std::string command =
      fmt::format("/usr/bin/python3 {} {} > /dev/null", scratch / "check.py", scratch / "m.pth");
  CHECK(std::system(command.c_str()) == 0);
}
