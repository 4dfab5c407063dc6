#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/formula.hpp>
#include <fanin/core/locale.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/core/wrap.hpp>
#include <fanin/init/function_of_x.hpp>
#include <fanin/init/gain.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/init/quadrature.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

using nlohmann::ordered_json;

/// A gain as a choice for a deep net without biases, and what it makes of signals there.
struct Choice {
  std::string name, key;
  double forward;
  std::optional<double> backward;
  double q, variance_slope;   // of the pre-activations; the factor a layer on a deviation
  std::optional<double> chi;  // … on the gradient; none without a backward gain

  std::string verdict() const {
    if (q == 0) return "vanishes";
    if (std::isinf(q)) return "explodes";
    const double factor = std::abs(variance_slope);
    if (std::abs(factor - 1) < 1e-6) return "marginal";
    if (factor < 1) return "contractive";
    return fmt::format("expansive, tenfold in {:.0f}", std::ceil(std::log(10) / std::log(factor)));
  }
};

struct Report {
  std::string text;
  init::Nonlinearity f;
  std::vector<Choice> choices = {};
  std::optional<double> pytorch = {};
  std::string no_backward = {}, no_fixed_point = {},
              no_edge = {};  // why there is none; empty where there is one
  std::optional<init::Critical> edge = {};
};

/// Whether it is a formula, but of numbers alone.
bool is_constant(const std::string& text) {
  try {
    NumberFormula::parse(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

init::Nonlinearity function_of(const std::string& text) {
  if (text.find_first_not_of(' ') == std::string::npos)
    fail_usage("expected an activation, or a formula in x");
  if (is_constant(text))
    fail_usage("{} is a constant; expected an activation, or a formula in x", in_quotes(text));
  return init::nonlinearity_of(text);
}

std::optional<double> pytorchs(const std::string& text) {
  if (init::is_function_of_x(text)) return std::nullopt;
  const CallExpression call = CallExpression::parse(text);
  const auto& names = init::gain_names();
  if (std::find(names.begin(), names.end(), call.name) == names.end()) return std::nullopt;
  const CallOptions options(call, "activation", {"negative_slope"});
  return init::calculate_gain(call.name, options.number("negative_slope", 0.01));
}

/// Whether f is one number for all that a normal input may be: not so a step.
bool is_flat(const init::Nonlinearity& f) {
  const double mean = init::gaussian_mean(f.f);
  const double spread = init::gaussian_mean([&](double z) { return std::pow(f.f(z) - mean, 2); });
  return spread <= 1e-24 * mean * mean;
}

/// What an Error says behind the name of who says it.
std::string reason(const Error& error, const std::string& who) {
  std::string text = error.what();
  if (text.starts_with(who)) text.erase(0, who.size());
  return text;
}

Report report_on(const std::string& text) {
  Report report{.text = text, .f = function_of(text)};
  const init::Nonlinearity& f = report.f;
  const double unit = init::forward_gain(f);
  Choice at_unit{"unit variance", "unit", unit, {}, 1, init::variance_slope(f, unit, 1), {}};
  try {
    at_unit.backward = init::backward_gain(f);
    at_unit.chi = std::pow(unit / *at_unit.backward, 2);
  } catch (const Error& error) {
    if (is_flat(f)) throw;
    report.no_backward = reason(error, "gain: ");
  }
  report.choices.push_back(std::move(at_unit));
  try {
    if (const auto point = init::fixed_point_gain(f))
      report.choices.push_back({"fixed point", "fixed_point", point->sigma, point->backward,
                                point->sigma * point->sigma, point->slope, point->chi});
    else
      report.no_fixed_point = "no scale of the input from 0.001 to 1000 gives the output second moment 1";
  } catch (const Error& error) {
    report.no_fixed_point = reason(error, "gain: ");
  }
  if (const auto gain = pytorchs(text)) {
    report.pytorch = gain;
    const init::MeanField field = init::mean_field(f, *gain, 0);
    report.choices.push_back(
        {"PyTorch's", "pytorch", *gain, std::nullopt, field.q, field.variance_slope, field.chi});
  }
  try {
    report.edge = init::stable_edge_of_chaos(f);
  } catch (const Error& error) {
    report.no_edge = reason(error, "edge of chaos: ");
  }
  return report;
}

ordered_json json_of(const Report& report) {
  ordered_json json = {
      {"function", report.text},
      {"formula", init::is_function_of_x(report.text)},
      {"pytorch_gain", report.pytorch ? ordered_json(*report.pytorch) : ordered_json(nullptr)},
      {"fixed_point", nullptr}};
  for (const Choice& choice : report.choices) {
    ordered_json one = {
        {"forward", choice.forward},
        {"backward", choice.backward ? ordered_json(*choice.backward) : ordered_json(nullptr)},
        {"q", std::isfinite(choice.q) ? ordered_json(choice.q) : ordered_json(nullptr)},
        {"variance_slope", choice.variance_slope},
        {"chi", choice.chi ? ordered_json(*choice.chi) : ordered_json(nullptr)},
        {"verdict", choice.verdict()}};
    json[choice.key] = std::move(one);
  }
  if (report.edge)
    json["edge_of_chaos"] = {{"sigma_w", report.edge->sigma_w},
                             {"sigma_b", report.edge->sigma_b},
                             {"q", report.edge->q},
                             {"variance_slope", report.edge->variance_slope}};
  else
    json["edge_of_chaos"] = {{"none", report.no_edge}};
  return json;
}

/// f and its slope over [-4, 4].
std::string plot_of(const init::Nonlinearity& f) {
  constexpr int rows = 15;
  const int half = std::clamp((output_width() - 9) / 2, 8, 32), columns = 2 * half + 1;
  constexpr double reach = 4, highest = 5;
  const bool utf8 = locale_is_utf8();
  const auto x_at = [columns](int column) { return reach * (2.0 * column / (columns - 1) - 1); };
  double low = 0, high = 0;
  for (int column = 0; column < columns; ++column)
    for (const double y : {f.f(x_at(column)), f.slope(x_at(column))})
      if (std::abs(y) <= highest) low = std::min(low, y), high = std::max(high, y);
  if (high - low < 1e-6) high = low + 1;
  const auto row_of = [&](double y) {
    return static_cast<int>(std::lround((high - y) / (high - low) * (rows - 1)));
  };
  const std::string across = utf8 ? "─" : "-", down = utf8 ? "│" : "|", cross = utf8 ? "┼" : "+";
  std::vector<std::vector<std::string>> picture(
      rows, std::vector<std::string>(static_cast<std::size_t>(columns), " "));
  for (int column = 0; column < columns; ++column)
    picture[static_cast<std::size_t>(row_of(0))][static_cast<std::size_t>(column)] = across;
  for (auto& row : picture)
    row[static_cast<std::size_t>(half)] = row[static_cast<std::size_t>(half)] == " " ? down : cross;
  const auto draw = [&](const std::function<double(double)>& curve, const char* mark) {
    for (int column = 0; column < columns; ++column) {
      const double y = curve(x_at(column));
      if (y >= low && y <= high)
        picture[static_cast<std::size_t>(row_of(y))][static_cast<std::size_t>(column)] = mark;
    }
  };
  draw(f.slope, utf8 ? "·" : ".");
  draw(f.f, utf8 ? "●" : "*");
  std::string text;
  for (int row = 0; row < rows; ++row) {
    const double y = high - (high - low) * row / (rows - 1);
    std::string line = row % 7 == 0 ? fmt::format("{:7.2f} ", y + 0.0) : std::string(8, ' ');
    for (const std::string& cell : picture[static_cast<std::size_t>(row)]) line += cell;
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  text += fmt::format("{:>10}{:>{}}{:>{}}\n", "-4", "0", half - 1, "4", half);
  return text + fmt::format("        {} f   {} its derivative\n", utf8 ? "●" : "*", utf8 ? "·" : ".");
}

/// In lines of the table's width, at most.
std::string wrapped(const std::string& text) { return text::hanging("", text, 0, output_width()); }

void print(const Report& report) {
  const auto number = [](double value) {
    if (std::abs(value) < 5e-5) value = 0;  // no -0.0000
    return std::abs(value) < 1e4 ? fmt::format("{:.4f}", value) : fmt::format("{:.4g}", value);
  };
  const auto scale = [&](double value) {  // four digits of it, however small
    return value != 0 && (value < 0.1 || value >= 1e4) ? fmt::format("{:.4g}", value) : number(value);
  };
  say("{}\n\n", report.text);
  text::TextTable table({{"gain for"},
                         {"forward", true},
                         {"back.", true},
                         {"q", true},
                         {"var.", true},
                         {"grad.", true},
                         {"signal, with depth"}});
  for (const Choice& choice : report.choices)
    table.add({choice.name, scale(choice.forward), choice.backward ? scale(*choice.backward) : "-",
               fmt::format("{:.4g}", choice.q), number(choice.variance_slope),
               choice.chi ? number(*choice.chi) : "-", choice.verdict()});
  say("{}\n", table.to_string(output_width()));
  if (!report.no_backward.empty()) say("{}", wrapped("backward gain: none; " + report.no_backward));
  if (!report.no_fixed_point.empty()) say("{}", wrapped("fixed point: none; " + report.no_fixed_point));
  if (!report.pytorch) say("{}", wrapped("PyTorch's: none; torch.nn.init.calculate_gain does not know it"));
  if (report.edge)
    say("{}", wrapped(fmt::format("edge of chaos: sigma_w = {}, sigma_b = {} at q = {}, variance {} a layer",
                                  scale(report.edge->sigma_w), scale(report.edge->sigma_b), report.edge->q,
                                  report.edge->variance_slope)));
  else
    say("{}", wrapped("edge of chaos: none; " + report.no_edge));
  say("\n{}", plot_of(report.f));
}

void run(const std::string& text, bool json) {
  std::optional<Report> report;
  try {
    report = report_on(text);
  } catch (const Error& error) {  // a function that has no gain is what was typed
    if (error.blame() == Blame::run) fail_usage("{}: {}", in_quotes(text), error.what());
    throw;
  }
  if (json)
    say("{}\n", json_text(json_of(*report)));
  else
    print(*report);
}

}  // namespace

void add_gain(CLI::App& app) {
  struct Flags {
    std::string function;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "gain", "Show by how much weights must be larger for an activation, or any function of x");
  command->footer(
      "unit variance: 1/sqrt E[f(z)^2] and 1/sqrt E[f'(z)^2], z normal with variance 1. fixed point: sigma with\n"
      "E[f(sigma z)^2] = 1: an input of second moment 1 is kept. q is the variance before the activation; variance and\n"
      "gradient are the factors a layer on a deviation from q and on the gradient's variance, without biases.\n"
      "Functions: sqrt, exp, log, abs, tanh, sin, cos, erf, min and max.\n"
      "Examples:\n"
      "  fanin gain silu\n"
      "  fanin gain \"leaky_relu(0.2)\" --json\n"
      "  fanin gain \"max(x,0)^3\"\n"
      "  fanin gain \"x/(1+exp(-1.702*x))\"");
  command->add_option("function", flags->function, "an activation, or a formula in x");
  command->add_flag("--json", flags->json, "JSON on stdout");
  command->allow_extras();  // -x^2 looks like a flag
  command->callback([flags, command] {
    for (const std::string& extra : command->remaining()) {
      if (!flags->function.empty() || !init::is_function_of_x(extra))
        throw CLI::ExtrasError(command->get_name(), {extra});
      flags->function = extra;
    }
    if (command->get_option("function")->empty() && flags->function.empty())
      throw CLI::RequiredError("function");
    run(flags->function, flags->json);
  });
}

}  // namespace fanin::program
