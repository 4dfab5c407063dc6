#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <fanin/io/tensor_diff.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/scratch.hpp"

using namespace fanin;
using Kind = io::TensorDifference::Kind;

namespace {

constexpr real no_number = std::numeric_limits<real>::quiet_NaN(),
               inf = std::numeric_limits<real>::infinity();

struct Named {
  std::string name;
  Tensor tensor;
};

io::TensorFile file_of(const std::vector<Named>& tensors) {
  io::TensorFile file;
  for (const auto& [name, tensor] : tensors) file.tensors.push_back(io::stored(name, tensor));
  return file;
}

io::TensorDifference one(const Tensor& a, const Tensor& b) {
  const auto all = io::tensor_diff(file_of({{"x", a}}), file_of({{"x", b}}));
  REQUIRE(all.size() == 1);
  return all[0];
}

}  // namespace

TEST_CASE("tensor_diff: who is where, in the order of A, then of B") {
  const Tensor x = Tensor::from({1, 2, 3, 4}, {2, 2});
  const auto all = io::tensor_diff(
      file_of({{"same", x}, {"gone", x}, {"shape", x}, {"value", x}}),
      file_of({{"new", x}, {"value", Tensor::ones({2, 2})}, {"shape", x.view({4})}, {"same", x.clone()}}));
  std::vector<std::string> said;
  for (const auto& d : all) said.push_back(d.name + ": " + name_of(d.kind));
  CHECK(said == std::vector<std::string>{"same: identical", "gone: only in A", "shape: shape changed",
                                         "value: values differ", "new: only in B"});
  CHECK(all[2].a == "F32 [2, 2]");
  CHECK(all[2].b == "F32 [4]");
  CHECK(io::tensor_diff({}, {}).empty());
}

TEST_CASE("tensor_diff: measures how far apart values are") {
  const auto d = one(Tensor::from({3, 4, 0}, {3}), Tensor::from({3, 4, 0.5}, {3}));
  CHECK(d.kind == Kind::values);
  CHECK(d.count == 3);
  CHECK(d.differing == 1);
  CHECK(d.max_abs == 0.5);
  CHECK(d.relative_l2 == doctest::Approx(0.1));
  CHECK(d.cosine == doctest::Approx(25 / (5 * std::sqrt(25.25))));
  const auto opposite = one(Tensor::from({1, -1}, {2}), Tensor::from({-1, 1}, {2}));
  CHECK(opposite.cosine == doctest::Approx(-1));
  CHECK(opposite.relative_l2 == doctest::Approx(2));
  const auto from_zero = one(Tensor::zeros({2}), Tensor::ones({2}));
  CHECK(std::isinf(from_zero.relative_l2));
  CHECK(std::isnan(from_zero.cosine));
  CHECK(one(Tensor::zeros({0}), Tensor::zeros({0})).kind == Kind::identical);
}

TEST_CASE("tensor_diff: one dtype is compared by bits, so that NaN equals itself and -0 is not 0") {
  CHECK(one(Tensor::from({no_number, inf, 1}, {3}), Tensor::from({no_number, inf, 1}, {3})).kind ==
        Kind::identical);
  const auto zero = one(Tensor::from({0}, {1}), Tensor::from({-0.0f}, {1}));
  CHECK(zero.kind == Kind::values);
  CHECK(zero.differing == 1);
  CHECK(zero.max_abs == 0);
  const auto sick = one(Tensor::from({1, 2, no_number}, {3}), Tensor::from({1, no_number, 5}, {3}));
  CHECK(sick.differing == 2);
  CHECK(sick.finite_in_one == 2);
  CHECK(sick.max_abs == 0);
  std::vector<real> many(20'000, 1);
  const Tensor a = Tensor::from(many, {20'000});
  many[19'999] = 2;  // in the last piece
  CHECK(one(a, Tensor::from(many, {20'000})).differing == 1);
}

TEST_CASE("tensor_diff: two dtypes are compared by value") {
  const Scratch scratch;
  const io::TensorFile a =
      file_of({{"exact", Tensor::from({1, 0.5, -2}, {3})}, {"rounded", Tensor::from({1, 0.1f}, {2})}});
  io::write_tensor_file(scratch / "half.safetensors", a, io::FileFormat::safetensors, io::DType::f16);
  const auto all = io::tensor_diff(a, io::read_tensor_file(scratch / "half.safetensors"));
  REQUIRE(all.size() == 2);
  CHECK(all[0].kind == Kind::dtype);
  CHECK(all[0].differing == 0);
  CHECK(all[0].b == "F16 [3]");
  CHECK(all[1].kind == Kind::dtype);
  CHECK(all[1].differing == 1);
  CHECK(all[1].max_abs == doctest::Approx(2.44e-5).epsilon(0.01));
}
