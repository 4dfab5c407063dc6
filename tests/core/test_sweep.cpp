#include <doctest/doctest.h>

#include <random>
#include <string_view>

#include <fanin/core/expression.hpp>
#include <fanin/core/sweep.hpp>

#include "tests/message.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;
using List = std::vector<std::string>;

namespace {

List texts(const std::string& text) {
  List all;
  for (const SweepChoice& one : expand_sweeps(text)) all.push_back(one.text);
  return all;
}

std::string refused(const std::string& text) {
  return usage_message([&] { expand_sweeps(text); });
}

}  // namespace

TEST_CASE("sweep: a value in braces is each of its values, several are all combinations") {
  CHECK(texts("orthogonal(gain={1, 1.41,2})") ==
        List{"orthogonal(gain=1)", "orthogonal(gain=1.41)", "orthogonal(gain=2)"});
  CHECK(texts("normal({ 0.1 })") == List{"normal(0.1)"});
  CHECK(texts("f(a={1, 2}, b=3, c={x, y})") ==
        List{"f(a=1, b=3, c=x)", "f(a=1, b=3, c=y)", "f(a=2, b=3, c=x)", "f(a=2, b=3, c=y)"});
  CHECK(texts("f(g={relu, leaky_relu(a={0.1, 0.2}), tanh})") ==
        List{"f(g=relu)", "f(g=leaky_relu(a=0.1))", "f(g=leaky_relu(a=0.2))", "f(g=tanh)"});
  CHECK(texts("f(a=g(b={1, 2}), c=3)") == List{"f(a=g(b=1), c=3)", "f(a=g(b=2), c=3)"});
  CHECK(texts("x={conv*=orthogonal(gain={1, 2}); fc1=zeros}") ==
        List{"x={conv*=orthogonal(gain=1); fc1=zeros}", "x={conv*=orthogonal(gain=2); fc1=zeros}"});
  CHECK(texts("f(a={\"x, y\", 'b}', sqrt(2)})") == List{"f(a=\"x, y\")", "f(a='b}')", "f(a=sqrt(2))"});
}

TEST_CASE("sweep: braces outside parentheses, in quotes and within words stay what they are") {
  for (const char* text : {"default", "{a=zeros; b=default}", "mine={conv*=zeros}", "warm(\"{a, b}.npz\")",
                           "warm(run{1}.npz)", "f(x=\"{1, 2", "", "f(a", "f)a={1}"})
    CHECK(texts(text) == List{text});
}

TEST_CASE("sweep: what was chosen is said with its option's name") {
  const auto all = expand_sweeps("f({1, 2}, gain ={3,4}, g={h(a={5})})");
  REQUIRE(all.size() == 4);
  CHECK(all[0].chosen == List{"1", "gain=3", "g=h(a=5)"});
  CHECK(all[3].chosen == List{"2", "gain=4", "g=h(a=5)"});
  CHECK(expand_sweeps("f(1)")[0].chosen.empty());
}

TEST_CASE("sweep: what is no sweep is refused with the position") {
  CHECK(refused("f(a={1, 2)") == "the '{' of a sweep is not closed at character 5 of 'f(a={1, 2)'");
  CHECK(refused("f(a={1, 2").starts_with("the '{' of a sweep is not closed at character 5"));
  CHECK(refused("f(a={g(1, 2}").starts_with("the '{' of a sweep is not closed at character 5"));
  CHECK(refused("f(a={})").starts_with("an empty sweep at character 6"));
  CHECK(refused("f(a={ })").starts_with("an empty sweep"));
  CHECK(refused("f(a={1,,2})").starts_with("a value of a sweep is missing at character 8"));
  CHECK(refused("f(a={1,})").starts_with("a value of a sweep is missing"));
  CHECK(
      refused("f(a={1, {2, 3}})").starts_with("a sweep cannot stand directly in another one at character 9"));
  CHECK(refused("warm({a}.npz)").starts_with("expected ',' or ')' behind a sweep"));
  CHECK(holds(refused("f(a={1, 2}"), "no error"));  // its parenthesis is for the text's reader to miss
}

TEST_CASE("sweep: combinations are bounded before they are made") {
  std::string many = "f(";
  for (int i = 0; i < 60; ++i) many += std::string(i ? ", " : "") + "{1, 2}";
  CHECK(holds(refused(many + ")"), "more than 1000"));
  std::string deep, end;
  for (int i = 0; i < 40; ++i) deep += "f({", end += "})";
  CHECK(holds(refused(deep + "1" + end), "nested too deeply"));
  std::string thousand = "f({0";
  for (int i = 1; i < 1000; ++i) thousand += "," + std::to_string(i);
  CHECK(texts(thousand + "})").size() == 1000);
  CHECK(holds(refused(thousand + ",x})"), "more than 1000"));
}

TEST_CASE("sweep: any text expands or is refused, never with more or fewer texts than chosen values say") {
  constexpr std::string_view letters = "f(={},\"1) ";
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t length = random() % 24; text.size() < length;)
      text += letters[random() % letters.size()];
    CAPTURE(text);
    try {
      const auto all = expand_sweeps(text);
      CHECK(all.size() >= 1);
      CHECK(all.size() <= 1000);
      for (const SweepChoice& one : all) CHECK(one.chosen.empty() == (one.text == text));
    } catch (const Error& error) {
      CHECK(error.blame() == Blame::usage);
    }
  }
}

TEST_CASE("sweep: where one text is expected, a sweep is refused as one") {
  CHECK(holds(usage_message([] { CallExpression::parse("normal(std={1, 2})"); }),
              "a sweep {…} is several values"));
  CHECK(CallExpression::parse("f(\"{1}\")").to_string() == "f(\"{1}\")");
}
