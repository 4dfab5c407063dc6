#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>

#include <nlohmann/json.hpp>

#include <fanin/core/parallel.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/check_tensors.hpp"

using namespace fanin;

namespace {

const std::string folder = "tests/reference/files/";

}  // namespace

TEST_CASE("files by real PyTorch and NumPy hold bit for bit what those say") {
  nlohmann::json values;
  std::ifstream(folder + "values.json") >> values;
  REQUIRE(values.size() >= 20);
  for (const auto& entry : values.items()) {
    const auto& name = entry.key();
    const auto& tensors = entry.value();
    CAPTURE(name);
    const io::TensorFile file = io::read_tensor_file(folder + name);
    check_tensors(file, tensors);
  }
}

TEST_CASE("a weight file's format is told by its content") {
  const auto format = [](const char* name) { return io::read_tensor_file(folder + name).format; };
  CHECK(format("state_dict.pt") == io::FileFormat::torch_zip);
  CHECK(format("deflated.pt") == io::FileFormat::torch_zip);
  CHECK(format("state_dict_legacy.pt") == io::FileFormat::torch_legacy);
  CHECK(format("arrays.npz") == io::FileFormat::npz);
  CHECK(format("plain.npy") == io::FileFormat::npy);
  CHECK(format("model.onnx") == io::FileFormat::onnx);
}

TEST_CASE("a PyTorch checkpoint gives its state dict, and its numbers and texts as metadata") {
  for (const char* name : {"checkpoint.pt", "checkpoint_legacy.pt"}) {
    const io::TensorFile file = io::read_tensor_file(folder + name);
    CHECK(file.tensors.front().name == "features.0.weight");
    CHECK(file.metadata == std::map<std::string, std::string>{
                               {"arch", "net"}, {"best", "true"}, {"epoch", "3"}, {"loss", "0.5"}});
  }
}

TEST_CASE("tied tensors of a PyTorch file share their bytes, and views of one storage lie in it") {
  for (const char* name : {"tied.pt", "tied_legacy.pt"}) {
    const io::TensorFile file = io::read_tensor_file(folder + name);
    CHECK(file.at("embed.weight").data == file.at("out.weight").data);
  }
  const io::TensorFile views = io::read_tensor_file(folder + "views.pt");
  CHECK(views.at("offset").data - views.at("every_other").data == 5 * 4);
  CHECK(views.at("offset").strides.empty());
  CHECK(views.at("transposed").strides == std::vector<Index>{1, 6});
  CHECK(views.at("transposed").to_floats()[1] == 6.0f);
  CHECK(views.at("expanded").to_floats() == std::vector<float>(6, 3.0f));
}

TEST_CASE("strided tensors read the same from any starting point and with any number of threads") {
  const io::TensorFile views = io::read_tensor_file(folder + "views.pt");
  for (const auto& tensor : views.tensors) {
    CAPTURE(tensor.name);
    const std::vector<float> all = tensor.to_floats();
    for (std::size_t i = 0; i < all.size(); ++i) {
      float one = -1;
      tensor.read(static_cast<Index>(i), 1, &one);
      CHECK(one == all[i]);
    }
    set_threads(2);
    CHECK(tensor.to_floats() == all);
    set_threads(1);
  }
}
