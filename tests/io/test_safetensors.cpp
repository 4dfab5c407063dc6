#include <doctest/doctest.h>

#include <cstring>
#include <fstream>

#include <fanin/core/fail.hpp>
#include <fanin/io/json_scanner.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/bytes.hpp"
#include "tests/io/scratch.hpp"
#include "tests/io/zip_bytes.hpp"

using namespace fanin;

namespace {

void put(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

const std::vector<float> numbers = {0.1f, -2.0f, 3.5f, 1e-8f, 65504.0f, 1.0f / 3.0f};

}  // namespace

TEST_CASE("safetensors: what is written is read back bit for bit, with its metadata") {
  const Scratch scratch;
  const Tensor weight = Tensor::from(numbers, {2, 3});
  const Tensor bias = Tensor::from({7}, {1});
  const io::StoredTensor tensors[] = {io::stored("fc.weight", weight), io::stored("fc.bias", bias),
                                      io::stored("scale", Tensor::scalar(2))};
  io::write_safetensors(scratch / "m", tensors, {{"plan", "kaiming \"x\"\n"}, {"seed", "1"}});
  const io::TensorFile file = io::read_tensor_file(scratch / "m");
  CHECK(file.format == io::FileFormat::safetensors);
  REQUIRE(file.tensors.size() == 3);
  CHECK(file.at("fc.weight").sizes == std::vector<Index>{2, 3});
  CHECK(file.at("fc.weight").shape_text() == "[2, 3]");
  CHECK(file.at("fc.weight").to_floats() == numbers);
  CHECK(file.at("fc.bias").to_floats() == std::vector<float>{7});
  CHECK(file.at("scale").sizes.empty());
  CHECK(file.metadata.at("plan") == "kaiming \"x\"\n");
  CHECK(file.metadata.at("seed") == "1");
}

TEST_CASE(
    "safetensors: a dtype is applied to floats only, and wider ones come first so that all are aligned") {
  const Scratch scratch;
  const std::int64_t steps = 12;
  const std::uint8_t flag = 1;
  const io::StoredTensor tensors[] = {{.name = "flag",
                                       .dtype = io::DType::boolean,
                                       .sizes = {1},
                                       .strides = {},
                                       .data = reinterpret_cast<const std::byte*>(&flag),
                                       .big_endian = false,
                                       .owner = nullptr},
                                      io::stored("w", Tensor::from(numbers, {6})),
                                      {.name = "steps",
                                       .dtype = io::DType::i64,
                                       .sizes = {},
                                       .strides = {},
                                       .data = reinterpret_cast<const std::byte*>(&steps),
                                       .big_endian = false,
                                       .owner = nullptr}};
  for (const io::DType dtype : {io::DType::f16, io::DType::bf16}) {
    io::write_safetensors(scratch / "m", tensors, {}, dtype);
    const io::TensorFile file = io::read_tensor_file(scratch / "m");
    CHECK(file.at("w").dtype == dtype);
    CHECK(file.at("steps").dtype == io::DType::i64);
    CHECK(file.at("steps").to_floats() == std::vector<float>{12});
    CHECK(file.at("flag").dtype == io::DType::boolean);
    CHECK(file.tensors[0].name == "steps");
    CHECK(file.tensors[2].name == "flag");
    for (const auto& tensor : file.tensors) {
      CHECK(reinterpret_cast<std::uintptr_t>(tensor.data) % size_of(tensor.dtype) == 0);
    }
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      CHECK(file.at("w").to_floats()[i] == (dtype == io::DType::f16
                                                ? io::float_from_f16(io::f16_from_float(numbers[i]))
                                                : io::float_from_bf16(io::bf16_from_float(numbers[i]))));
    }
  }
  CHECK_THROWS_WITH_AS(io::write_safetensors("m", tensors, {}, io::DType::i8),
                       "m: weights are written as F32, F16 or BF16, not I8", Error);
}

TEST_CASE("safetensors: a tensor larger than a write chunk survives, and reads in pieces") {
  const Scratch scratch;
  Tensor large(Shape{300, 700});
  for (Index i = 0; i < large.numel(); ++i) large.data()[i] = static_cast<float>(i);
  const io::StoredTensor tensors[] = {io::stored("large", large)};
  io::write_safetensors(scratch / "m", tensors);
  const io::TensorFile file = io::read_tensor_file(scratch / "m");
  CHECK(file.at("large").to_floats() == large.to_vector());
  float some[3];
  file.at("large").read(1234, 3, some);
  CHECK(some[2] == 1236.0f);
  CHECK_THROWS_WITH_AS(file.at("large").read(209'999, 2, some),
                       "tensor 'large': elements 209999 to 210001 asked for, it has 210000", Error);
}

TEST_CASE("safetensors: names that cannot be written are errors and no file appears") {
  const Scratch scratch;
  const Tensor t = Tensor::ones({1});
  const auto write = [&](std::vector<io::StoredTensor> tensors) {
    io::write_safetensors(scratch / "m", tensors);
  };
  CHECK_THROWS_WITH_AS(write({io::stored("a", t), io::stored("a", t)}),
                       doctest::Contains("two entries named 'a'"), Error);
  CHECK_THROWS_WITH_AS(write({io::stored("__metadata__", t)}),
                       doctest::Contains("two entries named '__metadata__'"), Error);
  CHECK_THROWS_WITH_AS(write({io::stored("\xff", t)}), doctest::Contains("a tensor name is not valid UTF-8"),
                       Error);
  CHECK_THROWS_WITH_AS(write({io::stored("a\nb", t)}), doctest::Contains("control character 0x0a"), Error);
  CHECK(!std::filesystem::exists(scratch / "m"));
}

TEST_CASE("safetensors: shards are read through their index as one file") {
  const Scratch scratch;
  const io::StoredTensor first[] = {io::stored("a", Tensor::ones({2}))};
  const io::StoredTensor second[] = {io::stored("b", Tensor::full({3}, 5)),
                                     io::stored("c", Tensor::zeros({1}))};
  io::write_safetensors(scratch / "m-1.safetensors", first, {{"format", "pt"}});
  io::write_safetensors(scratch / "m-2.safetensors", second);
  const auto index = [&](const std::string& map) {
    put(scratch / "index.json",
        R"({"metadata": {"total_size": 24, "x": [1.5e3, null, {"y": false}]}, "weight_map": )" + map + "}");
    return io::read_tensor_file(scratch / "index.json");
  };
  const std::string a = R"("a": "m-1.safetensors")", b = R"("b": "m-2.safetensors")",
                    c = R"("c": "m-2.safetensors")";
  const io::TensorFile file = index("{" + a + "," + b + "," + c + "}");
  CHECK(file.tensors.size() == 3);
  CHECK(file.at("b").to_floats() == std::vector<float>{5, 5, 5});
  CHECK(file.metadata.at("format") == "pt");

  // What two shards leave out is counted, past the names that are kept.
  for (const char* shard : {"m-3.npz", "m-4.npz"}) {
    std::vector<ZipPart> parts = {
        {.name = std::string(1, shard[2]) + ".npy",
         .data = npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", raw(1.0f))}};
    for (int i = 0; i < 150; ++i) parts.push_back({.name = fmt::format("{}{}.txt", shard, i), .data = ""});
    put(scratch / shard, zip_of(parts));
  }
  CHECK(index(R"({"3": "m-3.npz", "4": "m-4.npz"})").left_out_count == 300);

  CHECK_THROWS_WITH_AS(index("{" + a + "," + b + "}"), doctest::Contains("holds tensor 'c', which the index"),
                       Error);
  CHECK_THROWS_WITH_AS(index("{" + a + "," + b + "," + c + R"(,"d": "m-1.safetensors"})"),
                       doctest::Contains("holds 1 tensors, the index"), Error);
  CHECK_THROWS_WITH_AS(index(R"({"a": "../m-1.safetensors"})"), doctest::Contains("not a plain file name"),
                       Error);
  CHECK_THROWS_WITH_AS(index(R"({"a": "/etc/passwd"})"), doctest::Contains("not a plain file name"), Error);
  CHECK_THROWS_WITH_AS(index(R"({"a": "none.safetensors"})"),
                       doctest::Contains("none.safetensors: cannot open"), Error);
  CHECK_THROWS_WITH_AS(index("{" + a + "," + a + "}"), doctest::Contains("lists 'a' twice"), Error);
  put(scratch / "index.json", R"({"weights": {}})");
  CHECK_THROWS_WITH_AS(io::read_tensor_file(scratch / "index.json"),
                       doctest::Contains("without 'weight_map'"), Error);
  put(scratch / "index.json", R"({"x": )" + std::string(100, '[') + std::string(100, ']') + "}");
  CHECK_THROWS_WITH_AS(io::read_tensor_file(scratch / "index.json"),
                       doctest::Contains("nested more than 64 levels"), Error);
}

TEST_CASE("a weight file that is missing, a folder, a pipe or empty is an error that says so") {
  const Scratch scratch;
  CHECK_THROWS_WITH_AS(io::read_tensor_file(scratch / "none"),
                       doctest::Contains("none: cannot open: No such file"), Error);
  CHECK_THROWS_WITH_AS(io::read_tensor_file(scratch.folder()),
                       doctest::Contains("is a folder, expected a file"), Error);
  REQUIRE(::system(("mkfifo " + (scratch / "pipe")).c_str()) == 0);
  CHECK_THROWS_WITH_AS(io::read_tensor_file(scratch / "pipe"), doctest::Contains("is not a regular file"),
                       Error);
  put(scratch / "empty", "");
  CHECK_THROWS_WITH_AS(io::read_tensor_file(scratch / "empty"), doctest::Contains("the file is empty"),
                       Error);
}

TEST_CASE("a tensor asked for by a name that nearly matches gets a suggestion") {
  io::TensorFile file;
  file.path = "m.st";
  file.tensors = {io::stored("conv1.weight", Tensor::ones({1})), io::stored("fc.bias", Tensor::ones({1}))};
  CHECK(file.find("fc.bias") != nullptr);
  CHECK_THROWS_WITH_AS(file.at("conv1.weigth"),
                       doctest::Contains("m.st: no tensor 'conv1.weigth'; did you mean 'conv1.weight'"),
                       Error);
}
