#include "tests/init/reference.hpp"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

using namespace fanin;

namespace {

nlohmann::json read_reference(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error(path + " not found; run the tests from the repository's root");
  return nlohmann::json::parse(in);
}

}  // namespace

const nlohmann::json& init_reference() {
  static const nlohmann::json reference = read_reference("tests/reference/init.json");
  return reference;
}

const nlohmann::json& gain_reference() {
  static const nlohmann::json reference = read_reference("tests/reference/gains.json");
  return reference;
}

Shape reference_shape(const nlohmann::json& record) {
  const auto sizes = record.at("shape").get<std::vector<Index>>();
  return Shape::of(sizes.data(), sizes.size());
}

double distance_to_reference(const Tensor& w, const nlohmann::json& record) {
  double largest = 0;
  const auto compare = [&](const nlohmann::json& values, Index first, Index step) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double got = w.data()[first + static_cast<Index>(i) * step];
      const double distance = std::abs(got - values[i].get<double>());
      largest = distance <= largest ? largest : distance;  // a NaN sticks
    }
  };
  if (record.contains("values")) {
    compare(record["values"], 0, 1);
  } else {
    compare(record.at("sample"), 0, record.at("step"));
    compare(record.at("last"), w.numel() - static_cast<Index>(record["last"].size()), 1);
  }
  return largest;
}

std::uint32_t crc_of(const void* bytes, std::size_t size) {
  return static_cast<std::uint32_t>(crc32(0, static_cast<const Bytef*>(bytes), static_cast<uInt>(size)));
}

std::uint32_t crc_of(const Tensor& w) {
  return crc_of(w.data(), static_cast<std::size_t>(w.numel()) * sizeof(real));
}

double sum_of(const Tensor& w) { return std::accumulate(w.values().begin(), w.values().end(), 0.0); }
