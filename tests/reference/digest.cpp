#include "tests/reference/digest.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>

using namespace fanin;
using nlohmann::json;

const json& reference() {
  static const json all = [] {
    std::ifstream file("tests/reference/models.json");
    REQUIRE_MESSAGE(file.good(), "run the tests from the repository's root");
    return json::parse(file);
  }();
  return all;
}

void check_digest(const Tensor& tensor, const json& digest, double tolerance) {
  REQUIRE(tensor.defined());
  const auto sizes = digest.at("shape").get<std::vector<Index>>();
  REQUIRE(tensor.shape() == Shape::of(sizes.data(), sizes.size()));
  const double norm = digest.at("norm"), count = std::max(1.0, static_cast<double>(tensor.numel()));
  double sum = 0, squares = 0, weighted = 0;
  for (Index i = 0; i < tensor.numel(); ++i) {
    const auto value = static_cast<double>(tensor.data()[i]);
    sum += value;
    squares += value * value;
    weighted += value * std::sin(static_cast<double>(i));
  }
  const auto& first = digest.at("first");
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double expected = first[i];
    CHECK(std::abs(static_cast<double>(tensor.data()[i]) - expected) <=
          tolerance * std::max(std::abs(expected), norm / std::sqrt(count)));
  }
  CHECK(std::abs(std::sqrt(squares) - norm) <= tolerance * norm);
  CHECK(std::abs(sum - digest.at("sum").get<double>()) <= tolerance * norm * std::sqrt(count));
  CHECK(std::abs(weighted - digest.at("weighted").get<double>()) <= tolerance * norm * std::sqrt(count));
}

bool same_bits(const Tensor& tensor, const json& digest) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(tensor.data());
  return crc32(0, bytes, static_cast<uInt>(tensor.numel() * Index{sizeof(float)})) ==
         digest.at("crc").get<unsigned long>();
}

double list_error(const std::vector<float>& got, const std::vector<float>& expected) {
  if (got.size() != expected.size() || got.empty()) return HUGE_VAL;
  double squares = 0, worst = 0;
  for (const float value : expected) squares += static_cast<double>(value) * static_cast<double>(value);
  for (std::size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(got[i]) - static_cast<double>(expected[i])));
    if (!std::isfinite(got[i])) return HUGE_VAL;
  }
  return worst / std::sqrt(squares / static_cast<double>(expected.size()));
}
