#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/core/expression.hpp>

#include "tests/usage_message.hpp"

using namespace fanin;

TEST_CASE("expression: reads a name with options and prints it back") {
  const auto call = CallExpression::parse(
      "  mlp ( hidden = 256-128 ,activation=tanh, kaiming_normal(mode=fan_out), 1e-3 ) ");
  CHECK(call.name == "mlp");
  REQUIRE(call.args.size() == 4);
  CHECK(call.args[0] == CallArgument{.key = "hidden", .text = "256-128"});
  CHECK(call.args[2] == CallArgument{.text = "kaiming_normal(mode=fan_out)"});
  CHECK(call.to_string() == "mlp(hidden=256-128, activation=tanh, kaiming_normal(mode=fan_out), 1e-3)");
  CHECK(CallExpression::parse(call.to_string()) == call);
  CHECK(CallExpression::parse("lenet").to_string() == "lenet");
  CHECK(CallExpression::parse("lenet()").to_string() == "lenet");
  CHECK(CallExpression::parse("fashion-mnist").name == "fashion-mnist");
}

TEST_CASE("expression: a malformed text is refused with its position") {
  const auto refused = [](const std::string& text) {
    return usage_message([&] { CallExpression::parse(text); });
  };
  CHECK(refused("") == "expected a name at character 1 of ''");
  CHECK(refused("normal(std=1") == "expected ')' at character 13 of 'normal(std=1'");
  CHECK(refused("normal(std=)") == "expected a value at character 12 of 'normal(std=)'");
  CHECK(refused("normal(,)") == "expected a value at character 8 of 'normal(,)'");
  CHECK(refused("normal(1))") == "unexpected ')' at character 10 of 'normal(1))'");
  CHECK(refused("9lives") == "expected a name at character 1 of '9lives'");
  CHECK(refused("normal(a(1)=2)") ==
        "expected an option's name before '=' at character 8 of 'normal(a(1)=2)'");
  CHECK(refused("normal(a=b=c)").starts_with("expected ',' or ')' at character 11"));
  CHECK(refused(std::string("f(") + std::string(100000, '(')).starts_with("a text of"));
  CHECK(refused(std::string("f(") + std::string(100, '(')).starts_with("parentheses nested too deeply"));
  CHECK(refused("f(ä, x=(").starts_with("expected ')' at character 9 of"));
}

TEST_CASE("expression: a value in quotes holds what would end it, and is printed so that it reads back") {
  struct Row {
    const char *text, *value, *printed;
  };
  const Row rows[] = {
      {R"(folder("cats, dogs"))", "cats, dogs", R"("cats, dogs")"},
      {R"(folder('lr=0.1'))", "lr=0.1", R"("lr=0.1")"},
      {R"(folder('say "hi", twice'))", "say \"hi\", twice", R"("say \"hi\", twice")"},
      {R"(folder("a\"b\\c,"))", "a\"b\\c,", R"("a\"b\\c,")"},
      {R"(folder('it\'s, all'))", "it's, all", R"("it's, all")"},
      {R"(folder("C:\new\,"))", "C:\\new\\,", R"("C:\\new\\,")"},
      {R"(folder(" ends with a space "))", " ends with a space ", R"(" ends with a space ")"},
      {R"x(folder("half )"))x", "half )", R"x("half )")x"},
      {R"(folder("plain"))", "plain", "plain"},
      {R"x(folder("/data/sqrt(5)"))x", "/data/sqrt(5)", "/data/sqrt(5)"},
      {R"(folder(""))", "", R"("")"},
      // Without quotes where nothing else can be meant.
      {"folder(bob's and ann's)", "bob's and ann's", "bob's and ann's"},
      {"folder(/runs/lr=0.1/seed=3)", "/runs/lr=0.1/seed=3", "/runs/lr=0.1/seed=3"},
      {"folder(a \"b\" c)", "a \"b\" c", "a \"b\" c"},
  };
  for (const auto& [the_text, value, printed] : rows) {
    const auto& text = the_text;  // clang 14 captures no structured binding
    CAPTURE(text);
    const auto call = CallExpression::parse(text);
    REQUIRE(call.args.size() == 1);
    CHECK(call.args[0].key == "");
    CHECK(call.args[0].text == value);
    CHECK(call.to_string() == "folder(" + std::string(printed) + ")");
    CHECK(CallExpression::parse(call.to_string()) == call);
    const auto keyed = CallExpression::parse("folder(size=3, file = " + std::string(printed) + " , x=1)");
    REQUIRE(keyed.args.size() == 3);
    CHECK(keyed.args[1] == CallArgument{.key = "file", .text = value});
    CHECK(CallExpression::parse(keyed.to_string()) == keyed);
  }
  // A quoted value within a call within a call.
  const auto nested = CallExpression::parse("rezero(base=weight_selection(file=\"a, (b\"), 'x')");
  REQUIRE(nested.args.size() == 2);
  CHECK(nested.args[0] == CallArgument{.key = "base", .text = "weight_selection(file=\"a, (b\")"});
  CHECK(CallExpression::parse(nested.to_string()) == nested);

  const auto refused = [](const std::string& text) {
    return usage_message([&] { CallExpression::parse(text); });
  };
  CHECK(refused("f(\"a)") == "expected a closing quote for the one at character 3 of 'f(\"a)'");
  CHECK(refused("f(x='a\\')").starts_with("expected a closing quote for the one at character 5"));
  CHECK(refused("f(\"a\" b)").starts_with("expected ',' or ')' at character 7"));
  CHECK(refused("f(\"a\"=b)").starts_with("expected an option's name before '=' at character 3"));
  CHECK(refused("f(\"a\"").starts_with("expected ')'"));
  CHECK(refused("f(\"a\x01\")").starts_with("unexpected control character at character 5"));
}

TEST_CASE("expression: a list of calls is cut outside parentheses, braces and quotes") {
  const auto pieces = [](std::string_view text) {
    std::vector<std::string> all;
    for (const auto& [first, last] : split_calls(text, ";\n"))
      all.emplace_back(text.substr(first, last - first));
    return all;
  };
  using List = std::vector<std::string>;
  CHECK(pieces(" a ;; b(1; 2)\n c ") == List{"a", "b(1; 2)", "c"});
  CHECK(pieces("f(file=\"x;)y\"); g('(', \")\") ; h") == List{"f(file=\"x;)y\")", "g('(', \")\")", "h"});
  CHECK(pieces("w={a(1); b=c}; d") == List{"w={a(1); b=c}", "d"});
  CHECK(pieces("it's; bob's") == List{"it's", "bob's"});
  CHECK(pieces("f(a) }; b)) ; c") == List{"f(a) }", "b))", "c"});
  CHECK(pieces("f(\"x; y") == List{"f(\"x; y"});
}

TEST_CASE("expression: options are typed, named or positional, and refused with the position") {
  const auto call = CallExpression::parse("normal(0.5, std=sqrt(2), n=3, sizes=8-4, act=relu, on=yes)");
  const CallOptions options(call, "scheme", {"mean", "std", "n", "sizes", "act", "on"});
  CHECK(options.number("mean", 0) == 0.5);
  CHECK(options.number("std", 0) == std::sqrt(2.0));
  CHECK(options.integer("n", 0, 1, 9) == 3);
  CHECK(options.sizes("sizes", {}, 1, 99) == std::vector<Index>{8, 4});
  CHECK(options.word("act", "tanh", {"relu", "tanh"}) == "relu");
  CHECK(options.flag("on", false));
  CHECK(options.number("absent", 7) == 7);
  CHECK(usage_message([&] { options.number("act", 0); }) ==
        "scheme 'normal': act = 'relu' must be a finite number, at character 46 of "
        "'normal(0.5, std=sqrt(2), n=3, sizes=8-4, act=relu, on=yes)'");
  CHECK(usage_message([&] { options.integer("n", 0, 4, 9); }).find("a whole number from 4 to 9") !=
        std::string::npos);

  const auto refused = [](const std::string& text) {
    return usage_message([&] {
      CallOptions(CallExpression::parse(text), "scheme", {"mean", "std"}).number("std", 0);
    });
  };
  CHECK(refused("normal( sdt = 1)") ==
        "unknown option 'sdt' of scheme 'normal' at character 9 of 'normal( sdt = 1)'; did you mean 'std'?");
  CHECK(refused("normal(1, 2, 3)").find("'3' is one too many") != std::string::npos);
  CHECK(refused("normal(std=1, 2)").find("must come before the options given by name") != std::string::npos);
  CHECK(refused("normal(std=1, std=2)").find("given twice") != std::string::npos);
  for (const char* bad : {"inf", "nan", "1e999", "0x1", "1 2", "sqrt(-1)", "1/0", "--1", "sqrt()", "/"})
    CHECK_MESSAGE(
        refused(std::string("normal(std=") + bad + ")").find("must be a finite number") != std::string::npos,
        bad);
}

TEST_CASE("expression: numbers print in the shortest form that reads back the same") {
  for (double value : {0.1, 1.0 / 3, std::sqrt(5.0), 1e-300, -2.0, 1e22}) {
    const auto call = CallExpression::parse("f(" + number_text(value) + ")");
    CHECK(CallOptions(call, "scheme", {"x"}).number("x", 0) == value);
  }
  CHECK(number_text(0.01) == "0.01");
  CHECK(number_text(1) == "1");
}
