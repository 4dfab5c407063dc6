// Files as training scripts, NumPy, TorchScript and ONNX leave them (tests/reference/make_checkpoints.py):
// the weights are read bit for bit, and what stands beside them is named.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include <nlohmann/json.hpp>

#include <fanin/core/error.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/check_tensors.hpp"
#include "tests/io/scratch.hpp"

using namespace fanin;

namespace {

const std::string folder = "tests/reference/files/checkpoints/";

std::vector<std::string> keys(const io::TensorFile& file) {
  std::vector<std::string> out;
  for (const io::StoredDict& dict : file.dicts) out.push_back(dict.path);
  return out;
}

std::string what(const io::TensorFile& file, const std::string& name) {
  for (const io::LeftOut& one : file.left_out) {
    if (one.name == name) return one.what;
  }
  return "not left out";
}

}  // namespace

TEST_CASE("checkpoints: the weights are read bit for bit, whatever stands beside them") {
  nlohmann::json values;
  std::ifstream(folder + "values.json") >> values;
  REQUIRE(values.size() >= 18);
  for (const auto& entry : values.items()) {
    const auto& name = entry.key();
    const auto& expected = entry.value();
    CAPTURE(name);
    const io::TensorFile file = io::read_tensor_file(folder + name);
    CHECK(file.key == expected["key"].get<std::string>());
    check_tensors(file, expected["tensors"]);
    std::vector<std::string> left_out;
    for (const io::LeftOut& one : file.left_out) left_out.push_back(one.name);
    std::sort(left_out.begin(), left_out.end());
    CHECK(left_out == expected["left_out"].get<std::vector<std::string>>());
    CHECK(file.left_out_count == left_out.size());
    CHECK(file.metadata == expected["metadata"].get<std::map<std::string, std::string>>());
  }
}

TEST_CASE("checkpoints: what is no tensor says what it would have been") {
  for (const char* name : {"beside2.pt", "beside5.pt", "beside_legacy.pt"}) {
    CAPTURE(name);
    const io::TensorFile file = io::read_tensor_file(folder + name);
    CHECK(what(file, "args") == "an object of argparse.Namespace");
    CHECK(what(file, "color") == "__main__.Color.RED");
    CHECK(what(file, "when") == "an object of datetime.datetime");
    CHECK(what(file, "partial") == "an object of functools.partial");
    CHECK(what(file, "dtype") == "the global torch.float16");
    CHECK(what(file, "device") == "an object of torch.device");
    CHECK(what(file, "config") == "an object of __main__.Config");
    CHECK(what(file, "optimizer_object") == "an object of torch.optim.adam.Adam");
    CHECK(what(file, "set") == "an object of set");
    CHECK(what(file, "sparse") == "what would be made by torch._utils._rebuild_sparse_tensor");
    CHECK(what(file, "complex_tensor") ==
          "a tensor whose numbers are not supported: a storage of class ComplexFloatStorage");
  }
  const io::TensorFile odd = io::read_tensor_file(folder + "odd.npz");
  CHECK(what(odd, "name") ==
        "the NumPy dtype '<U5' is not supported (floats f2 to f8, integers and bool are)");
  CHECK(what(odd, "history").find("Python objects") != std::string::npos);
  CHECK(what(odd, "fields").find("structured") != std::string::npos);
}

TEST_CASE("checkpoints: nested dicts are listed and chosen by key") {
  const io::TensorFile file = io::read_tensor_file(folder + "ema.pt");
  CHECK(keys(file) == std::vector<std::string>{"params_ema", "params"});
  const io::TensorFile ema = io::read_tensor_file(folder + "ema.pt", "params_ema");
  CHECK(ema.key == "params_ema");
  CHECK(ema.at("0.bias").to_floats()[0] == doctest::Approx(file.at("0.bias").to_floats()[0] + 1));
  CHECK(keys(ema) == keys(file));
  CHECK_THROWS_WITH_AS(io::read_tensor_file(folder + "ema.pt", "param_ema"),
                       doctest::Contains("did you mean 'params_ema'"), Error);
  CHECK_THROWS_WITH_AS(io::read_tensor_file("tests/reference/files/plain.npy", "model"),
                       doctest::Contains("its tensors stand at the top"), Error);
  // One layer of several is no wrapper.
  CHECK(io::read_tensor_file(folder + "layers.pt").key.empty());
  CHECK(io::read_tensor_file(folder + "layers.pt", "net").tensors.size() == 1);
  CHECK(io::read_tensor_file(folder + "beside2.pt", "optimizer.state").tensors.size() == 12);
}

TEST_CASE("checkpoints: a shard that is a pointer, a page or missing is named, and leads nowhere else") {
  const Scratch scratch;
  const auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream(scratch / name, std::ios::binary) << text;
  };
  const auto index = [&](const std::string& shard) {
    put("m.index.json", R"({"weight_map": {"a": ")" + shard + "\"}}");
    return io::read_tensor_file(scratch / "m.index.json");
  };
  put("lfs.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 123\n");
  CHECK_THROWS_WITH_AS(index("lfs.bin"), doctest::Contains("lfs.bin: a Git LFS pointer"), Error);
  put("page.bin", "<!DOCTYPE html>");
  CHECK_THROWS_WITH_AS(index("page.bin"), doctest::Contains("page.bin: an HTML page"), Error);
  CHECK_THROWS_WITH_AS(index("none.bin"), doctest::Contains("none.bin: cannot open"), Error);
  CHECK_THROWS_WITH_AS(index("../none.bin"), doctest::Contains("not a plain file name"), Error);
  CHECK_THROWS_WITH_AS(index("."), doctest::Contains("not a plain file name"), Error);
  CHECK_THROWS_WITH_AS(index("C:none.bin"), doctest::Contains("not a plain file name"), Error);
  // An index among the shards would be followed without end.
  CHECK_THROWS_WITH_AS(index("m.index.json"), doctest::Contains("a JSON text"), Error);
}
