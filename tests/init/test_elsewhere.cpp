#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fanin/core/moments.hpp>
#include <fanin/init/elsewhere.hpp>
#include <fanin/init/init.hpp>

#include "tests/usage_message.hpp"

using namespace fanin;

TEST_CASE(
    "every initializer elsewhere has a text that reads back, or says why not; the guide lists them all") {
  std::ostringstream guide;
  guide << std::ifstream("framework/fanin/init/ELSEWHERE.md").rdbuf();
  REQUIRE(guide.str().size() > 1000);
  CHECK(init::frameworks_elsewhere().size() == 10);
  for (const auto& one : init::initializers_elsewhere()) {
    CAPTURE(one.name);
    if (one.text.empty()) {
      CHECK_FALSE(one.remark.empty());
      CHECK(guide.str().find("| " + one.name + " | – |") != std::string::npos);
      continue;
    }
    const auto scheme = init::parse(one.text);
    CHECK(init::parse(scheme.to_string()) == scheme);
    CHECK(guide.str().find("| " + one.name + " | `" + one.text + "` |") != std::string::npos);
  }
  CHECK(usage_message([] { init::initializers_of("kears"); }).find("keras") != std::string::npos);
  CHECK(init::initializers_of("tiny-dnn").size() == 5);
}

TEST_CASE("texts for other frameworks' initializers have the deviation that those document") {
  const Shape shape{80, 60};
  const init::Fans fans{60, 80};
  const std::vector<std::pair<const char*, double>> rows{
      {"MSRAPrelu(avg, slope=0.25)", std::sqrt(2 / (1 + 0.0625) / 70)},
      {"XAVIER_LEGACY", std::sqrt(1.0 / 140)},
      {"SIGMOID_UNIFORM", 4 * std::sqrt(2.0 / 140)},
      {"UNIFORM", 1 / std::sqrt(3 * 60.0)},
      {"lecun(1)", 1 / std::sqrt(3 * 60.0)},
      {"truncated_normal(stddev=0.01)", 0.01 * 0.87962566103423978},  // its docs: no correction is applied
      {"variance_scaling(1, fan_geo_avg, normal)", std::pow(60.0 * 80, -0.25)},
      {"contrib.xavier_initializer(uniform=False)", std::sqrt(1.3 / 70) * 0.87962566103423978},
      {"contrib.variance_scaling_initializer(2)", std::sqrt(1.3 * 2 / 60) * 0.87962566103423978},
      // org.deeplearning4j.nn.weights: uniform in ±3/√fan, and normals that nd4j truncates and does not widen
      {"LECUN_UNIFORM", 3 / std::sqrt(3 * 60.0)},
      {"VAR_SCALING_UNIFORM_FAN_IN", 3 / std::sqrt(3 * 60.0)},
      {"VAR_SCALING_UNIFORM_FAN_OUT", 3 / std::sqrt(3 * 80.0)},
      {"VAR_SCALING_UNIFORM_FAN_AVG", 3 / std::sqrt(3 * 70.0)},
      {"VAR_SCALING_NORMAL_FAN_IN", 0.87962566103423978 / std::sqrt(60.0)},
      {"VAR_SCALING_NORMAL_FAN_OUT", 0.87962566103423978 / std::sqrt(80.0)},
      {"VAR_SCALING_NORMAL_FAN_AVG", 0.87962566103423978 / std::sqrt(70.0)},
      {"RELU_UNIFORM", std::sqrt(2 / 60.0)},
      {"TruncatedNormal(stddev=0.05)", 0.05 * 0.87962566103423978},
      {"xavier (FAN_OUT)", 1 / std::sqrt(80.0)},
      {"HeNormal(gain=1)", 1 / std::sqrt(60.0)},
      {"he(2)", std::sqrt(2 / 60.0)}};
  for (const auto& row : rows) {
    CAPTURE(row.first);
    bool known = false;
    for (const auto& one : init::initializers_elsewhere()) {
      if (one.name != row.first) continue;
      known = true;
      CHECK(init::parse(one.text).deviation(shape, fans) == doctest::Approx(row.second).epsilon(1e-6));
    }
    CHECK(known);
  }
}

TEST_CASE("positive_unitball and oivs draw what Caffe and mlpack define") {
  Tensor w({50, 40});
  Generator generator(2);
  init::positive_unitball().fill(w, generator);
  for (Index unit = 0; unit < 50; ++unit) {
    double sum = 0;
    for (Index i = 0; i < 40; ++i) {
      const double x = static_cast<double>(w.data()[unit * 40 + i]);
      CHECK(x >= 0);
      sum += x;
    }
    CHECK(sum == doctest::Approx(1).epsilon(1e-5));
  }
  init::oivs().fill(w, generator);
  const double scale = 2 * std::log(9.0) / (5 * 40);  // b / (k n): |f⁻¹(0.9) - f⁻¹(0.1)| = 2 ln 9
  for (const real x : w.values()) {
    CHECK(static_cast<double>(x) >= scale * std::sqrt(0.1) * (1 - 1e-6));
    CHECK(static_cast<double>(x) <= scale * std::sqrt(1.9) * (1 + 1e-6));
  }
  init::oivs({.gamma = 0}).fill(w, generator);
  CHECK(static_cast<double>(w.data()[3]) == doctest::Approx(scale));
  CHECK(init::oivs({.gamma = 0}).deviation(w.shape(), {40, 50}).value() == 0);
  for (const double gamma :
       {1e-6, 0.9e-3, 1.1e-3})  // for a small γ the deviation of √(1 + a) is that of a, halved
    CHECK(init::oivs({.gamma = gamma}).deviation(w.shape(), {40, 50}).value() ==
          doctest::Approx(scale * gamma / std::sqrt(12.0)).epsilon(1e-5));
}
