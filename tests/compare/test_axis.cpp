#include <doctest/doctest.h>

#include <cmath>

#include <fanin/compare/axis.hpp>

using namespace fanin::compare;

namespace {

std::string texts(const Axis& axis) {
  std::string all;
  for (const Tick& tick : axis.ticks) all += (all.empty() ? "" : " ") + tick.text;
  return all;
}

}  // namespace

TEST_CASE("a linear axis is marked at round numbers") {
  CHECK(texts(linear_axis("accuracy, %", 0.853, 0.892, 100)) == "86 87 88 89");
  CHECK(texts(linear_axis("accuracy, %", 0.8691, 0.8774, 100)) == "87.0 87.2 87.4 87.6");
  CHECK(texts(linear_axis("points", -0.012, 0.011, 100, true)) == "−1.0 −0.5 0.0 +0.5 +1.0");
  CHECK(texts(linear_axis("step", 0, 4690)) == "0 1000 2000 3000 4000");
  const Axis same = linear_axis("x", 3, 3);
  CHECK(same.low < 3);
  CHECK(same.high > 3);
  CHECK(same.place(3) == doctest::Approx(0.5));
  CHECK(linear_axis("x", 0, 0).place(0) == doctest::Approx(0.5));
}

TEST_CASE("a logarithmic axis is marked at powers of ten, between them where there are few") {
  CHECK(texts(log_axis("rate", 0.003, 1)) == "0.005 0.01 0.02 0.05 0.1 0.2 0.5 1");
  CHECK(texts(log_axis("loss", 0.01, 1e6)) == "0.01 0.1 1 10 100 1000 10⁴ 10⁵ 10⁶");
  CHECK(texts(log_axis("norm", 1e-12, 1e-3)) == "10⁻¹² 10⁻¹⁰ 10⁻⁸ 10⁻⁶ 0.0001");
  const Axis axis = log_axis("rate", 0.01, 1);
  CHECK(axis.place(0.1) == doctest::Approx(0.5));
  CHECK(axis.place(10) > 1);
  CHECK(std::isnan(axis.place(0)));
  CHECK(log_axis("one rate", 0.1, 0.1).place(0.1) == doctest::Approx(0.5));
}

TEST_CASE("an axis of names has a place for each") {
  const Axis axis = name_axis("", {"conv1", "fc1", "fc2"});
  CHECK(texts(axis) == "conv1 fc1 fc2");
  CHECK(axis.place(1) == doctest::Approx(0.5));
  CHECK(name_axis("", {}).high > name_axis("", {}).low);
}
