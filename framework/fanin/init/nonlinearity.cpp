#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/init/nonlinearity.hpp>
#include <fanin/kernels/pointwise/activation_facts.hpp>

namespace fanin::init {
Nonlinearity::Nonlinearity(std::function<double(double)> function) : f(function) {
  slope = [f = std::move(function)](double x) {
    const double step = 1e-5 * std::max(1.0, std::abs(x));
    return (f(x + step) - f(x - step)) / (2 * step);
  };
}

Nonlinearity Nonlinearity::named(std::string_view text) { return named(CallExpression::parse(text)); }

Nonlinearity Nonlinearity::named(const CallExpression& call) {
  // Two names that are no activation's: the identity's other one, and a layer's whose slope is trained.
  const bool prelu = call.name == "prelu";
  const auto* one = kernels::find_activation(call.name == "linear" ? "none"
                                             : prelu               ? "leaky_relu"
                                                                   : call.name);
  if (!one)
    fail_usage("unknown activation {} {}{}", in_quotes(call.name), at_character(call.source, call.position),
               suggest(call.name, nonlinearity_names()));
  const char* option = prelu ? "init" : one->option;
  const CallOptions options(call, "activation",
                            option ? std::vector<std::string>{option} : std::vector<std::string>{});
  const double parameter = option ? options.number(option, prelu ? 0.25 : one->parameter) : 0;
  if (one->positive && !(parameter > 0)) options.refuse(option, "a number > 0");
  return {[one, parameter](double x) { return one->f(x, parameter); },
          [one, parameter](double x) { return one->slope(x, parameter); }};
}

const std::vector<std::string>& nonlinearity_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = {"linear"};
    for (const auto& one : kernels::activations()) all.emplace_back(one.name);
    all.emplace_back("prelu");
    return all;
  }();
  return names;
}

}  // namespace fanin::init
