#include <doctest/doctest.h>

#include <fanin/compare/scheme.hpp>

#include "tests/message.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;
using List = std::vector<std::string>;

namespace {

List labels(const std::string& text) {
  List all;
  for (const compare::Scheme& one : compare::parse_schemes(text)) all.push_back(one.label);
  return all;
}

std::string refused(const std::string& text) {
  return usage_message([&] { compare::parse_schemes(text); });
}

}  // namespace

TEST_CASE("schemes: a list holds schemes, plans, labelled plans and warm starts") {
  const auto all =
      compare::parse_schemes("default; {conv*=zeros; fc1=default}\n mine={*.bias=zeros}; warm(a.npz); ");
  REQUIRE(all.size() == 4);
  CHECK(all[0].label == "default");
  CHECK(all[1].label == "conv*=zeros; fc1=default");
  CHECK(all[2].label == "mine");
  CHECK(all[2].start.text() == "*.bias=zeros");
  CHECK(all[3].start.warm() != nullptr);
  CHECK(labels(" ; ").empty());
}

TEST_CASE("schemes: a sweep is several, each under a label of its own") {
  CHECK(labels("orthogonal(gain={1, 1.41}); default") ==
        List{"orthogonal(gain=1)", "orthogonal(gain=1.41)", "default"});
  CHECK(labels("mine={conv*=orthogonal(gain={1, 2}); *.bias=constant({0, 0.1})}") ==
        List{"mine (gain=1, 0)", "mine (gain=1, 0.1)", "mine (gain=2, 0)", "mine (gain=2, 0.1)"});
  CHECK(labels("{fc1=normal(std={0.1})}") == List{"fc1=normal(std=0.1)"});
  const auto warm =
      compare::parse_schemes("warm start={warm(a.npz, lr_body={0.1, 1})}; warm(a.npz, shrink={0.5})");
  REQUIRE(warm.size() == 3);
  CHECK(warm[1].label == "warm start (lr_body=1)");
  CHECK(warm[0].start.warm()->lr_body == 0.1);
  CHECK(warm[2].label == "warm(a.npz, shrink=0.5)");
}

TEST_CASE("schemes: labels differ, and a list is bounded") {
  CHECK(refused("default; zeros; default") ==
        "--schemes: two schemes are called 'default'; give one a label of its own, as in mine={default}");
  CHECK(holds(refused("normal(std={0.1, 0.1})"), "two schemes are called 'normal(std=0.1)'"));
  CHECK(holds(refused("a={zeros}; a={default}"), "'a'"));
  CHECK(holds(refused("normal(std={0.1, x})"), "std"));
  CHECK(holds(refused("normal(std={0.1, 0.2)"), "not closed at character 12"));
  std::string many = "constant({0";
  for (int i = 1; i < 600; ++i) many += "," + std::to_string(i);
  CHECK(labels(many + "})").size() == 600);
  CHECK(holds(refused(many + "}); a={" + many + "})}"), "more than 1000 schemes"));
}
