// Initializers from texts, and as texts.
#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/init/initializer.hpp>
#include <fanin/init/option_limits.hpp>
#include <fanin/init/suggest_scheme.hpp>

namespace fanin::init {
namespace {

/// Parses a scheme named within another's options, so that a message shows the place in the whole text.
void check_base_text(const CallExpression& call, const std::string& name,
                     const std::vector<std::string>& known, const CallOptions& options) {
  std::size_t i = 0;
  while (i < call.args.size() && (call.args[i].key.empty() ? known[i] : call.args[i].key) != name) ++i;
  if (i == call.args.size()) return;
  const CallArgument& arg = call.args[i];
  const bool as_written = call.source.compare(arg.position, arg.text.size(), arg.text) == 0;  // not in quotes
  const Initializer base =
      as_written ? parse(CallExpression::parse(call.source, arg.position, arg.position + arg.text.size()))
                 : parse(arg.text);
  if (const auto why = why_no_base(base.scheme())) options.refuse(name, *why);
}

/// Whether it is one without names, or a formula that has a number for everyone.
bool is_number(const std::string& text) {
  try {
    fanin::NumberFormula::parse(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

OptionFormula formula_of(const CallArgument& given, std::size_t option,
                         const fanin::NumberFormula::Definitions& definitions, const CallOptions& options) {
  try {
    return {option, given.text, read_formula(given.text, definitions)};
  } catch (const Error& error) {
    options.refuse(given.key,
                   fmt::format("a finite number, or a formula of fans and depth ({})", error.what()));
  }
}

/// A definition that nothing uses is a slip.
void require_used(const CallExpression& call, const fanin::NumberFormula::Definitions& definitions,
                  const std::vector<OptionFormula>& formulas) {
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    const std::string& name = definitions[i].first;
    const auto names = [&](const std::string& text) { return names_word(text, name); };
    const bool used = std::any_of(formulas.begin(), formulas.end(),
                                  [&](const OptionFormula& one) { return names(one.text); }) ||
                      std::any_of(call.definitions.begin(), call.definitions.end(),
                                  [&](const CallArgument& one) { return names(one.text); });
    if (!used)
      fail_usage("'{}' is defined and used nowhere {}", name,
                 at_character(call.source, call.definitions[i].key_position));
  }
}

}  // namespace

Initializer parse(std::string_view text) { return parse(CallExpression::parse(text)); }

Initializer parse(const CallExpression& call) {
  const SchemeInfo* scheme = find_scheme(call.name);
  if (!scheme)
    fail_usage("unknown scheme {} {}{}", in_quotes(call.name), at_character(call.source, call.position),
               suggest_scheme(call.name));
  std::vector<std::string> known;
  for (const OptionSpec& spec : scheme->options) known.push_back(spec.name);
  CallExpression without = call;
  without.definitions.clear();
  const CallOptions options(without, "scheme", known);
  const fanin::NumberFormula::Definitions definitions = read_definitions(call.definitions, call.source);
  if (const OptionSpec* base = scheme->base_option()) check_base_text(call, base->name, known, options);
  std::vector<Value> values;
  std::vector<OptionFormula> formulas;
  for (std::size_t i = 0; i < scheme->options.size(); ++i) {
    const OptionSpec& spec = scheme->options[i];
    if (const auto* word = std::get_if<std::string>(&spec.standard)) {
      values.emplace_back(options.word(spec.name, *word, spec.limits.words));
    } else if (const CallArgument* given = options.find(spec.name); given && !is_number(given->text)) {
      formulas.push_back(formula_of(*given, i, definitions, options));
      values.push_back(spec.standard);
    } else {
      values.emplace_back(options.number(spec.name, std::get<double>(spec.standard)));
    }
    if (!admits(spec, values.back())) options.refuse(spec.name, expectation(spec));
  }
  require_used(call, definitions, formulas);
  try {
    return Initializer(*scheme, values, std::move(formulas), call.definitions);
  } catch (const Error& error) {
    fail_usage("{}, {}", error.what(), at_character(call.source, call.position));
  }
}

std::string Initializer::to_string() const {
  std::string text;
  for (std::size_t i = 0; i < scheme_->options.size(); ++i) {
    const OptionSpec& option = scheme_->options[i];
    const Value value = option.get(options_.get());
    const auto formula = std::find_if(formulas_.begin(), formulas_.end(),
                                      [&](const OptionFormula& one) { return one.option == i; });
    if (formula == formulas_.end() && value == option.standard) continue;
    text += (text.empty() ? "" : ", ") + option.name + "=" +
            (formula == formulas_.end() ? option_value_text(value) : value_text(formula->text));
  }
  for (const CallArgument& one : definitions_) text += "; " + one.key + "=" + value_text(one.text);
  return text.empty() ? name() : name() + "(" + text + ")";
}

}  // namespace fanin::init
