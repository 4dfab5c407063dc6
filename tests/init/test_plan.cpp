#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/init/init.hpp>
#include <fanin/init/plan.hpp>

#include "tests/usage_message.hpp"

using namespace fanin;
using namespace fanin::init;

static const std::vector<Target> lenet = {
    {"conv1.weight", 4, 4}, {"conv1.bias", 1, 4}, {"bn1.weight", 1, 1}, {"bn1.bias", 1, 1},
    {"conv2.weight", 4, 4}, {"conv2.bias", 1, 4}, {"fc3.weight", 2, 2}, {"fc3.bias", 1, 2},
};

static std::string chosen(const std::string& text, const std::string& name) {
  const Plan plan = Plan::parse(text);
  for (const Target& target : lenet)
    if (target.name == name) {
      const Initializer* init = plan.lookup(target);
      return init ? init->to_string() : "default";
    }
  return "no such parameter";
}

TEST_CASE("plan: rules by name, the last that matches wins") {
  const std::string text = "conv*=kaiming_normal; fc3.weight=zeros; *.bias=constant(0.01); conv2=orthogonal";
  CHECK(chosen(text, "conv1.weight") == "kaiming_normal");
  CHECK(chosen(text, "conv2.weight") == "orthogonal");
  CHECK(chosen(text, "conv1.bias") == "constant");  // 0.01 is its default
  CHECK(chosen(text, "bn1.bias") == "constant");
  CHECK(chosen(text, "bn1.weight") == "default");
  CHECK(chosen(text, "fc3.weight") == "zeros");
}

TEST_CASE("plan: a scheme alone is for the weights with two dimensions or more, with zero biases") {
  CHECK(chosen("xavier_uniform", "conv1.weight") == "xavier_uniform");
  CHECK(chosen("xavier_uniform", "conv1.bias") == "zeros");
  CHECK(chosen("xavier_uniform", "bn1.weight") == "default");
  CHECK(chosen("xavier_uniform", "bn1.bias") == "default");
  CHECK(chosen("xavier_uniform; conv*.bias=ones; fc3=default", "conv2.bias") == "ones");
  CHECK(chosen("xavier_uniform; conv*.bias=ones; fc3=default", "fc3.weight") == "default");
  CHECK(chosen("xavier_uniform; conv*.bias=ones; fc3=default", "fc3.bias") == "default");
  CHECK(chosen("constant(value=0.1)", "conv1.weight") == "constant(value=0.1)");
  CHECK(chosen("edge_of_chaos", "conv1.bias") == "edge_of_chaos");
  CHECK(chosen("default", "conv1.weight") == "default");
}

TEST_CASE("plan: prints and parses back") {
  for (const char* text :
       {"default", "xavier_uniform", "conv*=kaiming_normal(mode=fan_out); *.bias=constant(value=0.5)",
        "normal(std=0.01); fc?.weight=default; fc3=trunc_normal(std=0.02)"}) {
    CHECK(Plan::parse(text).to_string() == text);
    CHECK(Plan::parse(Plan::parse(text).to_string()) == Plan::parse(text));
  }
  CHECK(Plan().to_string() == "default");
  CHECK(Plan::parse("  conv1 = zeros ;\n  *.bias=ones;;") == Plan::parse("conv1=zeros; *.bias=ones"));
}

TEST_CASE("plan: a rule that matches nothing is refused, with what is near") {
  const auto check = [](const std::string& text) {
    return usage_message([&] { Plan::parse(text).require_matches(lenet); });
  };
  CHECK(check("xavier_uniform; conv*=zeros; *.bias=zeros; default") == "no error");
  CHECK(check("zeros; cnov*=kaiming_normal") ==
        "pattern 'cnov*' matches no layer that has a weight with 2 or more dimensions, at character 8 of "
        "'zeros; cnov*=kaiming_normal'; did you mean 'conv*'?");
  CHECK(check("conv3=zeros").find("did you mean 'conv1' or 'conv2'?") != std::string::npos);
  CHECK(check("fc3.wieght=zeros").find("matches no layer") != std::string::npos);
  CHECK(check("fc4.weight=zeros").find("did you mean 'fc3.weight'") != std::string::npos);
  CHECK(check("bn1=zeros").find("matches no layer that has a weight with 2 or more dimensions") !=
        std::string::npos);
  CHECK(check("bn1=default") == "no error");
}

TEST_CASE("plan: a malformed text is refused with its position") {
  const auto check = [](const std::string& text) { return usage_message([&] { Plan::parse(text); }); };
  CHECK(check("").starts_with("an empty plan"));
  CHECK(check(" ; ; ").starts_with("an empty plan"));
  CHECK(check("=zeros").starts_with("expected a pattern before '=' at character 1"));
  CHECK(check("conv1=").starts_with("expected a scheme or 'default' after '=' at character 7"));
  CHECK(check("conv1=zeros; fc 3=ones")
            .starts_with("unexpected ' ' in a pattern of parameter names at character 16"));
  CHECK(check("conv1=kaiming_nromal") ==
        "unknown scheme 'kaiming_nromal' at character 7 of 'conv1=kaiming_nromal'; did you mean "
        "'kaiming_normal'?");
  CHECK(check("a=zeros; b=normal(std=-1)").find("at character 23 of") != std::string::npos);
  CHECK(check("a=normal(std=1; b=zeros").find("expected ')' at character 24") != std::string::npos);
  CHECK(check(std::string(100000, ';')).starts_with("a plan of 100000 bytes is too long"));
}

TEST_CASE("glob: stars and question marks, without blow-up") {
  CHECK(glob("*", ""));
  CHECK(glob("a*b?d", "axxbcd"));
  CHECK_FALSE(glob("a*b?d", "axxbd"));
  CHECK_FALSE(glob("", "a"));
  CHECK(glob("*.bias", "a.b.bias"));
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  CHECK_FALSE(glob(pattern + "b", std::string(2000, 'a')));
}

TEST_CASE("plan: layer.* speaks of a layer's weights, and with default of all its parameters") {
  const init::Plan plan = init::Plan::parse("kaiming_normal; fc3.*=default; fc2.*=zeros");
  CHECK(plan.lookup({"fc3.weight", 2, 2}) == nullptr);
  CHECK(plan.lookup({"fc3.bias", 1, 2}) == nullptr);
  REQUIRE(plan.lookup({"fc2.weight", 2, 2}) != nullptr);
  CHECK(plan.lookup({"fc2.weight", 2, 2})->name() == "zeros");
  CHECK(plan.lookup({"fc1.weight", 2, 2})->name() == "kaiming_normal");
}
