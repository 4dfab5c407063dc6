#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "framework/core/error.hpp"
#include "framework/io/convert.hpp"
#include "framework/io/tensor_diff.hpp"
#include "framework/io/tensor_file.hpp"
#include "tests/io/scratch.hpp"

namespace fs = std::filesystem;
using namespace fanin;

namespace {

const std::string reference = "tests/reference/files/";

bool identical(const TensorFile& a, const TensorFile& b) {
  const auto all = tensor_diff(a, b);
  return std::all_of(all.begin(), all.end(),
                     [](const auto& d) { return d.kind == TensorDifference::Kind::identical; });
}

TensorFile file_of(std::initializer_list<real> values) {
  TensorFile file{
      .format = FileFormat::safetensors, .path = "made", .tensors = {}, .metadata = {{"model", "mlp"}}};
  file.tensors.push_back(stored("layer.weight", Tensor::from(values, {static_cast<Index>(values.size())})));
  return file;
}

}  // namespace

TEST_CASE("convert: there and back again is the same, bit for bit, whatever the first format") {
  const Scratch scratch;
  for (const char* name : {"dtypes.pt", "dtypes_legacy.pt", "views.pt", "tied.pt", "nested.pt", "arrays.npz",
                           "compressed.npz"}) {
    CAPTURE(name);
    const TensorFile first = read_tensor_file(reference + name);
    const Conversion done = convert(first, scratch / "a.safetensors");
    CHECK(done.tensors == static_cast<Index>(first.tensors.size()));
    CHECK(done.cast == 0);
    const TensorFile second = read_tensor_file(scratch / "a.safetensors");
    CHECK(identical(first, second));
    CHECK(second.metadata == first.metadata);
    const bool has_bf16 = std::any_of(first.tensors.begin(), first.tensors.end(),
                                      [](const auto& t) { return t.dtype == DType::bf16; });
    const Conversion to_npz = convert(second, scratch / "b.npz");
    CHECK(to_npz.cast == (has_bf16 ? 1 : 0));  // NumPy has none: F32 holds it exactly
    CHECK(to_npz.rounded == 0);
    CHECK(to_npz.lost_metadata.size() == first.metadata.size());
    convert(read_tensor_file(scratch / "b.npz"), scratch / "c.safetensors");
    if (!has_bf16) CHECK(identical(first, read_tensor_file(scratch / "c.safetensors")));
  }
  convert(read_tensor_file(reference + "fortran.npy"), scratch / "d.npy");
  CHECK(identical(read_tensor_file(reference + "fortran.npy"), read_tensor_file(scratch / "d.npy")));
}

TEST_CASE("convert: rounding is counted, too large a number is an error that leaves the old file") {
  const Scratch scratch;
  const Conversion half =
      convert(file_of({1, 0.1f, 1e-9f, 65504}), scratch / "x.safetensors", {.dtype = DType::f16});
  CHECK(half.cast == 1);
  CHECK(half.elements == 4);
  CHECK(half.rounded == 2);
  CHECK(half.underflowed == 1);
  CHECK(half.largest_rounding == doctest::Approx(2.44e-4).epsilon(0.01));
  CHECK(read_tensor_file(scratch / "x.safetensors").metadata.at("model") == "mlp");
  const auto written = fs::last_write_time(scratch / "x.safetensors");
  CHECK_THROWS_WITH_AS(
      convert(file_of({1, 65520, -1e6f}), scratch / "x.safetensors", {.dtype = DType::f16}),
      doctest::Contains(
          "'layer.weight': 2 of 3 elements are too large for F16, which ends at 65504: the largest is 1e+06"),
      Error);
  CHECK(fs::last_write_time(scratch / "x.safetensors") == written);
  CHECK(read_tensor_file(scratch / "x.safetensors").tensors[0].numel() == 4);
  // What was infinite or NaN before may stay so.
  constexpr real inf = std::numeric_limits<real>::infinity();
  CHECK(convert(file_of({inf, -inf, inf - inf}), scratch / "x.safetensors", {.dtype = DType::f16}).rounded ==
        0);
  CHECK(convert(file_of({1, 2}), scratch / "x.safetensors", {.dtype = DType::f32}).cast == 0);
  const Conversion brain =
      convert(file_of({1, 1e30f, 1.001f}), scratch / "x.safetensors", {.dtype = DType::bf16});
  CHECK(brain.rounded == 2);
}

TEST_CASE("convert: integers keep their dtype; doubles past float's range are an error") {
  const Scratch scratch;
  const TensorFile dtypes = read_tensor_file(reference + "dtypes.pt");
  convert(dtypes, scratch / "x.safetensors",
          {.dtype = DType::f32, .only = {"long", "int", "byte", "bool", "double"}});
  const TensorFile after = read_tensor_file(scratch / "x.safetensors");
  CHECK(after.tensors.size() == 5);
  for (const char* name : {"long", "int", "byte", "bool"})
    CHECK(after.at(name).dtype == dtypes.at(name).dtype);
  CHECK(after.at("double").dtype == DType::f32);
  const std::vector<double> huge = {1e300};
  TensorFile file;
  file.tensors.push_back({.name = "x",
                          .dtype = DType::f64,
                          .sizes = {1},
                          .strides = {},
                          .data = reinterpret_cast<const std::byte*>(huge.data()),
                          .big_endian = false,
                          .owner = nullptr});
  CHECK_THROWS_WITH_AS(convert(file, scratch / "y.safetensors", {.dtype = DType::f32}),
                       doctest::Contains("too large for F32"), Error);
  CHECK_FALSE(fs::exists(scratch / "y.safetensors"));
}

TEST_CASE("convert: names, selections and formats that cannot be are usage errors, and nothing is written") {
  const Scratch scratch;
  const TensorFile state = read_tensor_file(reference + "state_dict.pt");
  REQUIRE(state.tensors.size() > 2);
  struct Case {
    std::string path;
    ConvertOptions options;
    std::string says;
  };
  std::vector<Case> cases = {
      {"x.pt", {}, "PyTorch reads safetensors"},
      {"x", {}, "must end in .safetensors, .npz or .npy"},
      {"x.npy", {}, "choose one with --only"},
      {"x.npz", {.dtype = DType::i8}, "F32, F16 or BF16"},
      {"x.npz", {.dtype = DType::f64}, "F32, F16 or BF16"},
      {"x.npz", {.only = {"nothing*"}}, "no tensor matches 'nothing*'"},
      {"x.npz", {.renaming = {.strip_prefix = "module."}}, "'module.'"},
      {"x.npz", {.renaming = {.rename = {{"^.*$", "same"}}}}, "both renamed to 'same'"},
      {"x.npz", {.renaming = {.rename = {{"[", ""}}}}, "not a regular expression"},
      {"x.npz", {.renaming = {.rename = {{"zzz", ""}}}}, "no tensor name matches"},
  };
  for (const auto& [path, options, says] : cases) {
    CAPTURE(says);
    try {
      convert(state, scratch / path, options);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find(says) != std::string::npos);
      CHECK(error.blame() == Blame::usage);
    }
    CHECK(fs::is_empty(scratch.folder()));
  }
  convert(state, scratch / "x.npz",
          {.renaming = {.rename = {{"^fc\\.", "head."}}, .add_prefix = "net."}, .only = {"net.head.*"}});
  const TensorFile renamed_file = read_tensor_file(scratch / "x.npz");
  CHECK(renamed_file.find("net.head.weight") != nullptr);
  CHECK(renamed_file.tensors.size() < state.tensors.size());
  convert(state, scratch / "x.npy", {.only = {"fc.weight"}});
  CHECK(read_tensor_file(scratch / "x.npy").tensors[0].sizes == state.at("fc.weight").sizes);
}
