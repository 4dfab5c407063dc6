#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include <fanin/init/init.hpp>

#include "tests/init/reference.hpp"

using namespace fanin;
using namespace fanin::init;

static bool truncates(const std::string& text) {
  return text.starts_with("trunc") || text == "variance_scaling" || text == "lecun_normal" ||
         text == "glorot_normal" || text == "he_normal";
}

TEST_CASE("parity: every scheme draws what PyTorch draws, and as many outputs of the generator") {
  for (const auto& record : init_reference().at("schemes")) {
    const std::string text = record["scheme"];
    CAPTURE(text);
    CAPTURE(record["shape"].dump());
    CAPTURE(record["seed"].dump());
    Tensor w(reference_shape(record));
    Generator gen(record["seed"].get<std::uint64_t>());
    const Initializer initializer = parse(text);
    initializer.fill(w, gen);

    const double std =
        initializer.deviation(w.shape(), w.rank() < 2 ? Fans{} : fans_of(w.shape())).value_or(1);
    const auto count = static_cast<double>(w.numel());
    if (record.contains("bits")) {
      CHECK(crc_of(w) == record["crc"].get<std::uint32_t>());
    } else if (record.contains("of_std")) {
      // From 16 elements on no C library function is involved: even the bits are PyTorch's.
      if (w.numel() >= 16 && !truncates(text)) CHECK(crc_of(w) == record["crc"].get<std::uint32_t>());
      // A float that is the sum of a mean and a deviation carries the mean's rounding.
      const double rounding = text.find("mean=3") != std::string::npos ? 2.4e-7 : 0;
      const double allowed = record["of_std"].get<double>() * std + rounding;
      CHECK(distance_to_reference(w, record) <= allowed);
      CHECK(std::abs(sum_of(w) - record["sum"].get<double>()) <= allowed * count);
    } else {
      const double allowed = record["absolute"].get<double>();
      CHECK(distance_to_reference(w, record) <= allowed);
      CHECK(std::abs(sum_of(w) - record["sum"].get<double>()) <= allowed * count);
    }
    CHECK(gen.below(2147483647) == record["next"].get<Index>());
  }
}

TEST_CASE("parity: layers are born with PyTorch's weights and biases, bit for bit") {
  for (const auto& record : init_reference().at("layers")) {
    CAPTURE(record["layer"].get<std::string>());
    CAPTURE(record["seed"].dump());
    const Fans fans{.in = record["fan_in"], .out = record["fan_out"]};
    Generator gen(record["seed"].get<std::uint64_t>());
    Tensor weight(reference_shape(record["weight"])), bias(reference_shape(record["bias"]));
    parse(record["weight_scheme"].get<std::string>()).fill(weight, fans, gen);
    parse(record["bias_scheme"].get<std::string>()).fill(bias, fans, gen);
    CHECK(crc_of(weight) == record["weight"]["crc"].get<std::uint32_t>());
    CHECK(crc_of(bias) == record["bias"]["crc"].get<std::uint32_t>());
  }
}

TEST_CASE("parity: calculate_gain is PyTorch's table") {
  for (const auto& record : init_reference().at("gains"))
    CHECK(calculate_gain(record["nonlinearity"].get<std::string>(), record["param"].get<double>()) ==
          record["gain"].get<double>());
}
