#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include <fanin/core/error.hpp>
#include <fanin/io/tensor_diff.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/start/convert.hpp>

#include "tests/io/scratch.hpp"

namespace fs = std::filesystem;
using namespace fanin;

namespace {

const std::string reference = "tests/reference/files/";

bool identical(const io::TensorFile& a, const io::TensorFile& b) {
  const auto all = io::tensor_diff(a, b);
  return std::all_of(all.begin(), all.end(),
                     [](const auto& d) { return d.kind == io::TensorDifference::Kind::identical; });
}

io::TensorFile file_of(std::initializer_list<real> values) {
  io::TensorFile file{
      .format = io::FileFormat::safetensors, .path = "made", .tensors = {}, .metadata = {{"model", "mlp"}}};
  file.tensors.push_back(
      io::stored("layer.weight", Tensor::from(values, {static_cast<Index>(values.size())})));
  return file;
}

}  // namespace

TEST_CASE("convert: there and back again is the same, bit for bit, whatever the first format") {
  const Scratch scratch;
  for (const char* name : {"dtypes.pt", "dtypes_legacy.pt", "views.pt", "tied.pt", "nested.pt", "arrays.npz",
                           "compressed.npz"}) {
    CAPTURE(name);
    const io::TensorFile first = io::read_tensor_file(reference + name);
    const start::Conversion done = start::convert(first, scratch / "a.safetensors");
    CHECK(done.tensors == static_cast<Index>(first.tensors.size()));
    CHECK(done.cast == 0);
    const io::TensorFile second = io::read_tensor_file(scratch / "a.safetensors");
    CHECK(identical(first, second));
    CHECK(second.metadata == first.metadata);
    const bool has_bf16 = std::any_of(first.tensors.begin(), first.tensors.end(),
                                      [](const auto& t) { return t.dtype == io::DType::bf16; });
    const start::Conversion to_npz = start::convert(second, scratch / "b.npz");
    CHECK(to_npz.cast == (has_bf16 ? 1 : 0));  // NumPy has none: F32 holds it exactly
    CHECK(to_npz.rounded == 0);
    CHECK(to_npz.lost_metadata.size() == first.metadata.size());
    start::convert(io::read_tensor_file(scratch / "b.npz"), scratch / "c.safetensors");
    if (!has_bf16) CHECK(identical(first, io::read_tensor_file(scratch / "c.safetensors")));
  }
  start::convert(io::read_tensor_file(reference + "fortran.npy"), scratch / "d.npy");
  CHECK(identical(io::read_tensor_file(reference + "fortran.npy"), io::read_tensor_file(scratch / "d.npy")));
}

TEST_CASE("convert: rounding is counted, too large a number is an error that leaves the old file") {
  const Scratch scratch;
  const start::Conversion half =
      start::convert(file_of({1, 0.1f, 1e-9f, 65504}), scratch / "x.safetensors", {.dtype = io::DType::f16});
  CHECK(half.cast == 1);
  CHECK(half.elements == 4);
  CHECK(half.rounded == 2);
  CHECK(half.underflowed == 1);
  CHECK(half.largest_rounding == doctest::Approx(2.44e-4).epsilon(0.01));
  CHECK(io::read_tensor_file(scratch / "x.safetensors").metadata.at("model") == "mlp");
  const auto written = fs::last_write_time(scratch / "x.safetensors");
  CHECK_THROWS_WITH_AS(
      start::convert(file_of({1, 65520, -1e6f}), scratch / "x.safetensors", {.dtype = io::DType::f16}),
      doctest::Contains(
          "'layer.weight': 2 of 3 elements are too large for F16, which ends at 65504: the largest is 1e+06"),
      Error);
  CHECK(fs::last_write_time(scratch / "x.safetensors") == written);
  CHECK(io::read_tensor_file(scratch / "x.safetensors").tensors[0].numel() == 4);
  // What was infinite or NaN before may stay so.
  constexpr real inf = std::numeric_limits<real>::infinity();
  CHECK(start::convert(file_of({inf, -inf, inf - inf}), scratch / "x.safetensors", {.dtype = io::DType::f16})
            .rounded == 0);
  CHECK(start::convert(file_of({1, 2}), scratch / "x.safetensors", {.dtype = io::DType::f32}).cast == 0);
  const start::Conversion brain =
      start::convert(file_of({1, 1e30f, 1.001f}), scratch / "x.safetensors", {.dtype = io::DType::bf16});
  CHECK(brain.rounded == 2);
}

TEST_CASE("convert: integers keep their dtype; doubles past float's range are an error") {
  const Scratch scratch;
  const io::TensorFile dtypes = io::read_tensor_file(reference + "dtypes.pt");
  start::convert(dtypes, scratch / "x.safetensors",
                 {.dtype = io::DType::f32, .only = {"long", "int", "byte", "bool", "double"}});
  const io::TensorFile after = io::read_tensor_file(scratch / "x.safetensors");
  CHECK(after.tensors.size() == 5);
  for (const char* name : {"long", "int", "byte", "bool"})
    CHECK(after.at(name).dtype == dtypes.at(name).dtype);
  CHECK(after.at("double").dtype == io::DType::f32);
  const std::vector<double> huge = {1e300};
  io::TensorFile file;
  file.tensors.push_back({.name = "x",
                          .dtype = io::DType::f64,
                          .sizes = {1},
                          .strides = {},
                          .data = reinterpret_cast<const std::byte*>(huge.data()),
                          .big_endian = false,
                          .owner = nullptr});
  CHECK_THROWS_WITH_AS(start::convert(file, scratch / "y.safetensors", {.dtype = io::DType::f32}),
                       doctest::Contains("too large for F32"), Error);
  CHECK_FALSE(fs::exists(scratch / "y.safetensors"));
}

TEST_CASE("convert: names, selections and formats that cannot be are usage errors, and nothing is written") {
  const Scratch scratch;
  const io::TensorFile state = io::read_tensor_file(reference + "state_dict.pt");
  REQUIRE(state.tensors.size() > 2);
  struct Case {
    std::string path;
    start::ConvertOptions options;
    std::string says;
  };
  std::vector<Case> cases = {
      {"x.onnx", {}, "must end in .safetensors"},
      {"x", {}, "must end in .safetensors, .npz, .npy, .pth or .pt"},
      {"x.npy", {}, "choose one with --only"},
      {"x.npz", {.dtype = io::DType::i8}, "F32, F16 or BF16"},
      {"x.npz", {.dtype = io::DType::f64}, "F32, F16 or BF16"},
      {"x.npz", {.only = {"nothing*"}}, "no tensor matches 'nothing*'"},
      {"x.npz", {.renaming = {.strip_prefix = "module."}}, "'module.'"},
      {"x.npz", {.renaming = {.rename = {{"^.*$", "same"}}}}, "both renamed to 'same'"},
      {"x.npz", {.renaming = {.rename = {{"[", ""}}}}, "not a regular expression"},
      {"x.npz", {.renaming = {.rename = {{"zzz", ""}}}}, "no tensor name matches"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.says);
    try {
      start::convert(state, scratch / one.path, one.options);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find(one.says) != std::string::npos);
      CHECK(error.blame() == Blame::usage);
    }
    CHECK(fs::is_empty(scratch.folder()));
  }
  start::convert(
      state, scratch / "x.npz",
      {.renaming = {.rename = {{"^fc\\.", "head."}}, .add_prefix = "net."}, .only = {"net.head.*"}});
  const io::TensorFile renamed_file = io::read_tensor_file(scratch / "x.npz");
  CHECK(renamed_file.find("net.head.weight") != nullptr);
  CHECK(renamed_file.tensors.size() < state.tensors.size());
  start::convert(state, scratch / "x.npy", {.only = {"fc.weight"}});
  CHECK(io::read_tensor_file(scratch / "x.npy").tensors[0].sizes == state.at("fc.weight").sizes);
}
