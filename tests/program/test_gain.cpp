// fanin gain: a table and JSON for activations and formulas, one-line errors for the rest.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cstdlib>
#include <sstream>

#include <nlohmann/json.hpp>

#include <fanin/core/format.hpp>

#include "tests/datasets/files.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

using namespace fanin;
using nlohmann::json;

namespace {

json gain_of(const std::string& function) {
  const Outcome outcome = fanin_command({"gain", function, "--json"});
  CAPTURE(function);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return json::parse(outcome.out);
}

}  // namespace

TEST_CASE("gain: an activation's gains, fixed point, PyTorch's, and edge of chaos as JSON") {
  const json silu = gain_of("silu");
  CHECK(silu.at("unit").at("forward").get<double>() == doctest::Approx(1.6765319).epsilon(1e-6));
  CHECK(silu.at("fixed_point").at("forward").get<double>() == doctest::Approx(1.5587594).epsilon(1e-6));
  CHECK(silu.at("fixed_point").at("verdict").get<std::string>().starts_with("expansive, tenfold in "));
  CHECK(silu.at("pytorch_gain").is_null());
  CHECK(silu.at("edge_of_chaos").at("variance_slope") < 1);
  const json relu = gain_of("relu");
  CHECK(relu.at("pytorch").at("verdict") == "marginal");
  CHECK(relu.at("fixed_point").at("chi").get<double>() == doctest::Approx(1));
  const json tanh = gain_of("tanh");
  CHECK(tanh.at("fixed_point").is_null());
  CHECK(tanh.at("unit").at("verdict") == "contractive");
  CHECK(tanh.at("pytorch_gain").get<double>() == doctest::Approx(5.0 / 3));
  CHECK(gain_of("leaky_relu(0.2)").at("pytorch_gain").get<double>() ==
        doctest::Approx(1.3867505).epsilon(1e-6));
  CHECK(holds(gain_of("softplus").at("edge_of_chaos").at("none").get<std::string>(), "negative"));
}

TEST_CASE("gain: a formula is read as one") {
  const json cubed = gain_of("max(x,0)^3");
  CHECK(cubed.at("formula") == true);
  CHECK(cubed.at("unit").at("forward").get<double>() == doctest::Approx(0.3651484).epsilon(1e-6));
  CHECK(gain_of("x/(1+exp(-x))").at("fixed_point").at("forward").get<double>() ==
        doctest::Approx(gain_of("silu").at("fixed_point").at("forward").get<double>()));
}

TEST_CASE("gain: the table and the plot fit 80 columns, in ASCII where the locale is not UTF-8") {
  for (const char* locale : {"C", "C.UTF-8"}) {
    CAPTURE(locale);
    const EnvironmentVariable chosen("LC_ALL", locale), none("COLUMNS", "");
    for (const char* function :
         {"gelu", "relu", "softplus", "sine(omega=10)", "max(x,0)^3", "x/(1+exp(-1.702*x))"}) {
      CAPTURE(function);
      const Outcome outcome = fanin_command({"gain", function});
      CHECK(outcome.code == 0);
      std::istringstream lines(outcome.out);
      int count = 0;
      for (std::string line; std::getline(lines, line); ++count) CHECK(text::text_width(line) <= 80);
      CHECK(count > 20);
      CHECK(holds(outcome.out, std::string(locale) == "C" ? "* f" : "● f"));
    }
  }
}

TEST_CASE("gain: what has none is refused in one line") {
  struct Case {
    const char *function, *message;
  };
  for (const Case c :
       {Case{"rleu", "did you mean 'relu'"}, Case{"rleu(x)", "rleu"}, Case{"1/x", "infinite"},
        Case{"log(x)", "no value"}, Case{"x^1e9", "infinite"}, Case{"sqrt(x)", "no value"},
        Case{"exp(x^2)", "infinite"}, Case{"1", "'1' is a constant"}, Case{"2*pi", "is a constant"},
        Case{"0*x", "zero"}, Case{"2+0*x", "derivative is zero"}, Case{"x +", "at character"},
        Case{"", "expected an activation, or a formula in x"}, Case{"-z", "unknown option '-z'"},
        Case{"softplus(beta=0)", "> 0"}}) {
    CAPTURE(c.function);
    const Outcome outcome = fanin_command({"gain", c.function});
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.out == "");
    CHECK(line_count(outcome.err) == 1);
    CHECK(holds(outcome.err, c.message));
  }
  const Outcome deep =
      fanin_command({"gain", fmt::format("{}x{}", std::string(400, '('), std::string(400, ')'))});
  CHECK(deep.code == 2);
  CHECK(line_count(deep.err) == 1);
}

TEST_CASE("gain: what a function lacks is said, and does not hide what it has") {
  // A step: its output's second moment is 1 whatever comes in, and no gradient passes.
  const json step = gain_of("abs(x-0.1)/(x-0.1)");
  CHECK(step.at("unit").at("forward").get<double>() == doctest::Approx(1).epsilon(1e-12));
  CHECK(step.at("unit").at("backward").is_null());
  CHECK(step.at("unit").at("variance_slope").get<double>() == doctest::Approx(0));
  CHECK(holds(fanin_command({"gain", "abs(x-0.1)/(x-0.1)"}).out, "backward gain: none; "));
  // V' of what jumps, by mpmath: the derivative knows nothing of the jump and gave 0.5.
  CHECK(gain_of("abs(x-0.1)/(x-0.1)+x").at("unit").at("variance_slope").get<double>() ==
        doctest::Approx(0.5022127845480724).epsilon(1e-9));
  // Flat around 0, so that narrow inputs give nothing at all: E[max(z - 1, 0)²] = 2 Φ(-1) - φ(1).
  const json shifted = gain_of("max(x-1,0)");
  CHECK(shifted.at("unit").at("forward").get<double>() ==
        doctest::Approx(
            1 / std::sqrt(std::erfc(std::sqrt(0.5)) - std::exp(-0.5) / std::sqrt(2 * std::acos(-1.0))))
            .epsilon(1e-9));
  const double sigma = shifted.at("fixed_point").at("forward").get<double>(), at = 1 / sigma;
  const double tail = std::erfc(at / std::sqrt(2)) / 2,
               density = std::exp(-at * at / 2) / std::sqrt(2 * std::acos(-1.0));
  CHECK(sigma * sigma * ((1 + at * at) * tail - at * density) == doctest::Approx(1).epsilon(1e-9));
  CHECK(gain_of("max(x-5,0)").at("fixed_point").is_object());
  // No point that draws a signal of variance 1 in, however well it keeps a small one.
  CHECK(holds(gain_of("max(x-0.5,0)-max(-x-0.5,0)").at("edge_of_chaos").at("none").get<std::string>(),
              "variance 1"));
  // What overflows for wide inputs has its gains, and an edge among the others.
  const json sigmoid = gain_of("exp(x)/(1+exp(x))-1/2");
  CHECK(sigmoid.at("unit").at("forward").get<double>() == doctest::Approx(4.8013).epsilon(1e-4));
  CHECK(sigmoid.at("edge_of_chaos").at("sigma_w").get<double>() ==
        doctest::Approx(4.00995047298906).epsilon(1e-9));
  CHECK(holds(gain_of("2^x").at("edge_of_chaos").at("none").get<std::string>(), "factor of 2 a layer"));
  CHECK(holds(fanin_command({"gain", "sin(100*x)"}).out, "no scale of the input up to "));
}

TEST_CASE("gain: a formula may begin with a minus, and small gains keep their digits") {
  const json negative = json::parse(fanin_command({"gain", "-x^2", "--json"}).out);
  CHECK(negative.at("unit").at("forward").get<double>() ==
        doctest::Approx(1 / std::sqrt(3.0)).epsilon(1e-12));
  CHECK(holds(fanin_command({"gain", "1e6*x"}).out, "1e-06"));
}
