#include <algorithm>
#include <limits>

#include <fanin/core/fail.hpp>
#include <fanin/init/function_of_x.hpp>
#include <fanin/init/gain.hpp>
#include <fanin/init/option_formula.hpp>

namespace fanin::init {
namespace {

constexpr std::size_t fan_in = 0, fan_out = 1, depth = 2, layer = 3;

std::optional<double> called(std::string_view name, std::string_view text) {
  if (name != "gain") return std::nullopt;
  const std::size_t open = text.find('(');
  return forward_gain(nonlinearity_of(std::string(text.substr(open + 1, text.size() - open - 2))));
}

}  // namespace

bool OptionFormula::needs_model() const { return formula.uses(depth) || formula.uses(layer); }

const std::vector<std::string>& site_variables() {
  static const std::vector<std::string> names{"fan_in", "fan_out", "depth", "layer"};
  return names;
}

std::vector<double> site_values(const Site& site) {
  std::vector<double> values(site_variables().size());
  values[fan_in] = static_cast<double>(site.fans.in);
  values[fan_out] = static_cast<double>(site.fans.out);
  values[depth] = static_cast<double>(site.layers);
  values[layer] =
      site.layer < 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(site.layer + 1);
  return values;
}

fanin::NumberFormula::Definitions read_definitions(const std::vector<CallArgument>& definitions,
                                                   const std::string& source) {
  fanin::NumberFormula::Definitions read;
  for (const CallArgument& one : definitions) {
    const auto& variables = site_variables();
    const bool defined =
        std::any_of(read.begin(), read.end(), [&](const auto& it) { return it.first == one.key; });
    const bool taken = one.key == "gain" || is_formula_word(one.key) ||
                       std::find(variables.begin(), variables.end(), one.key) != variables.end();
    if (defined || taken)
      fail_usage("'{}' is {} {}", one.key, defined ? "defined twice" : "a name that formulas have already",
                 at_character(source, one.key_position));
    try {
      read.emplace_back(one.key, read_formula(one.text, read));
    } catch (const Error& error) {
      fail_usage("{} = {} {}: {}", one.key, in_quotes(one.text), at_character(source, one.key_position),
                 error.what());
    }
  }
  return read;
}

fanin::NumberFormula read_formula(const std::string& text,
                                  const fanin::NumberFormula::Definitions& definitions) {
  return fanin::NumberFormula::parse(text, site_variables(), definitions, called);
}

}  // namespace fanin::init
