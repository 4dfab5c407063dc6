#include <algorithm>
#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/init/base.hpp>
#include <fanin/init/initializer.hpp>
#include <fanin/init/suggest_scheme.hpp>

namespace fanin::init {
namespace {

constexpr double largest = 1e30;

bool admits(const OptionSpec& spec, const Value& value) {
  if (value.index() != spec.standard.index()) return false;
  if (const auto* word = std::get_if<std::string>(&value))
    return spec.words.empty() || std::find(spec.words.begin(), spec.words.end(), *word) != spec.words.end();
  const double number = std::get<double>(value);
  return std::abs(number) <= largest && number >= spec.least && number <= spec.most &&
         !(spec.below_most && number == spec.most) && !(spec.whole && number != std::floor(number));
}

std::string expectation(const OptionSpec& spec) {
  if (std::holds_alternative<std::string>(spec.standard))
    return spec.words.empty() ? "a word" : fmt::format("one of {}", fmt::join(spec.words, ", "));
  const std::string kind = spec.whole ? "a whole number" : "a finite number";
  const bool low = std::isfinite(spec.least), high = std::isfinite(spec.most);
  if (low && high)
    return fmt::format("{} in [{}, {}{}", kind, spec.least, spec.most, spec.below_most ? ")" : "]");
  if (low) return fmt::format("{} ≥ {}", kind, spec.least);
  if (high) return fmt::format("{} {} {}", kind, spec.below_most ? "<" : "≤", spec.most);
  return kind + " of magnitude up to 1e30";
}

std::string shown(const Value& value) {
  if (const auto* word = std::get_if<std::string>(&value)) return value_text(*word);
  return number_text(std::get<double>(value));
}

const SchemeInfo& known_scheme(std::string_view name) {
  if (const SchemeInfo* scheme = find_scheme(name)) return *scheme;
  fail("unknown scheme {}{}", quoted(name), suggest_scheme(std::string(name)));
}

std::string rank_text(const SchemeInfo& scheme) {
  if (scheme.least_rank == scheme.most_rank) return fmt::format("exactly {}", scheme.least_rank);
  if (scheme.most_rank < Shape::max_rank) return fmt::format("{} to {}", scheme.least_rank, scheme.most_rank);
  return fmt::format("at least {}", scheme.least_rank);
}

}  // namespace

Initializer::Initializer(const SchemeInfo& scheme, std::vector<Value> values)
    : scheme_(&scheme), values_(std::move(values)) {
  if (values_.size() != scheme.options.size())
    fail("scheme '{}' has {} options, {} values were given", name(), scheme.options.size(), values_.size());
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (!admits(scheme.options[i], values_[i]))
      fail("scheme '{}': {} = {} must be {}", name(), scheme.options[i].name, shown(values_[i]),
           expectation(scheme.options[i]));
  if (scheme.check) scheme.check(*this);
}

Initializer::Initializer(std::string_view scheme, std::vector<Value> values)
    : Initializer(known_scheme(scheme), std::move(values)) {}

const Value& Initializer::value(std::string_view option) const {
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (scheme_->options[i].name == option) return values_[i];
  fail("scheme '{}' has no option {}", name(), quoted(option));
}

double Initializer::number(std::string_view option) const {
  if (const auto* number = std::get_if<double>(&value(option))) return *number;
  fail("scheme '{}': option {} is a word", name(), quoted(option));
}

const std::string& Initializer::word(std::string_view option) const {
  if (const auto* word = std::get_if<std::string>(&value(option))) return *word;
  fail("scheme '{}': option {} is a number", name(), quoted(option));
}

void Initializer::fill(Tensor& w, const Fans& fans, Generator& gen) const {
  if (scheme_->needs_data)
    fail_usage(
        "scheme '{}' fits weights to a batch of training data: name it for a model (fanin train, compare; in "
        "code nn::initialize with images and labels)",
        name());
  if (scheme_->needs_model)
    fail_usage(
        "scheme '{}' depends on a layer's place in its model: name it for a model (fanin train, compare; in "
        "code nn::initialize)",
        name());
  fill(w, Site{.fans = fans}, gen);
}

void Initializer::fill(Tensor& w, const Site& site, Generator& gen) const {
  const Fans& fans = site.fans;
  require_defined(name().c_str(), "the tensor to fill", w);
  if (w.rank() < scheme_->least_rank || w.rank() > scheme_->most_rank)
    fail("scheme '{}' cannot fill a tensor of shape {}: it needs {} dimensions", name(),
         w.shape().to_string(), rank_text(*scheme_));
  if (fans.in < 0 || fans.out < 0) fail("scheme '{}': fans {} and {} must be ≥ 0", name(), fans.in, fans.out);
  if (w.numel() == 0) return w.fill(0);  // it has all the values that it can have
  if (!w.has_values()) {                 // it gets them all at once, or none
    Tensor drawn(w.shape());
    fill(drawn, site, gen);
    return w.copy_from(drawn);
  }
  if (scheme_->fill_at) return scheme_->fill_at(w, site, gen, *this);
  scheme_->fill(w, fans, gen, *this);
}

void Initializer::fill(Tensor& w, Generator& gen) const {
  require_defined(name().c_str(), "the tensor to fill", w);
  fill(w, w.rank() < 2 ? Fans{} : fans_of(w.shape()), gen);
}

std::optional<double> Initializer::deviation(const Shape& shape, const Fans& fans) const {
  if (!scheme_->deviation || shape.rank() < scheme_->least_rank || shape.rank() > scheme_->most_rank)
    return std::nullopt;
  return scheme_->deviation(shape, fans, *this);
}

std::optional<std::string> Initializer::caution(const Shape& shape, const Fans& fans) const {
  const auto nests = [](const OptionSpec& option) { return option.name == "base"; };
  if (std::any_of(scheme_->options.begin(), scheme_->options.end(), nests))
    return base_of(*this).caution(shape, fans);
  if (shape.numel() == 0) return std::nullopt;
  if ((fans.in == 0 || fans.out == 0) && deviation(shape, fans) == 0.0 &&
      deviation(shape, {1, 1}).value_or(0) > 0)
    return fmt::format("'{}' scales by its layer's fans, which are 0 here, so all values are 0", name());
  std::string text = scheme_->caution ? scheme_->caution(shape, *this) : "";
  if (text.empty()) return std::nullopt;
  return text;
}

std::string Initializer::to_string() const {
  std::string text;
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (values_[i] != scheme_->options[i].standard)
      text += (text.empty() ? "" : ", ") + scheme_->options[i].name + "=" + shown(values_[i]);
  return text.empty() ? name() : name() + "(" + text + ")";
}

namespace {

/// Parses a scheme named within another's options, so that a message shows the place in the whole text.
void check_base_text(const Expression& call, const std::vector<std::string>& known, const Options& options) {
  std::size_t i = 0;
  while (i < call.args.size() && (call.args[i].key.empty() ? known[i] : call.args[i].key) != "base") ++i;
  if (i == call.args.size()) return;
  const Argument& arg = call.args[i];
  const bool as_written = call.source.compare(arg.position, arg.text.size(), arg.text) == 0;  // not in quotes
  const Initializer base =
      as_written ? parse(Expression::parse(call.source, arg.position, arg.position + arg.text.size()))
                 : parse(arg.text);
  if (const auto why = why_no_base(base.scheme())) options.refuse("base", *why);
}

}  // namespace

Initializer parse(std::string_view text) { return parse(Expression::parse(text)); }

Initializer parse(const Expression& call) {
  const SchemeInfo* scheme = find_scheme(call.name);
  if (!scheme)
    fail_usage("unknown scheme {} {}{}", quoted(call.name), at_character(call.source, call.position),
               suggest_scheme(call.name));
  std::vector<std::string> known;
  for (const OptionSpec& spec : scheme->options) known.push_back(spec.name);
  const Options options(call, "scheme", known);
  if (std::find(known.begin(), known.end(), "base") != known.end()) check_base_text(call, known, options);
  std::vector<Value> values;
  for (const OptionSpec& spec : scheme->options) {
    if (const auto* word = std::get_if<std::string>(&spec.standard))
      values.emplace_back(options.word(spec.name, *word, spec.words));
    else
      values.emplace_back(options.number(spec.name, std::get<double>(spec.standard)));
    if (!admits(spec, values.back())) options.refuse(spec.name, expectation(spec));
  }
  try {
    return Initializer(*scheme, std::move(values));
  } catch (const Error& error) {
    fail_usage("{}, {}", error.what(), at_character(call.source, call.position));
  }
}

}  // namespace fanin::init
