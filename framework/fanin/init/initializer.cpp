#include <algorithm>
#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/init/initializer.hpp>
#include <fanin/init/suggest_scheme.hpp>

namespace fanin::init {
namespace {

constexpr double largest = 1e30;

bool admits(const OptionSpec& spec, const Value& value) {
  if (value.index() != spec.standard.index()) return false;
  const OptionLimits& limits = spec.limits;
  if (const auto* word = std::get_if<std::string>(&value))
    return limits.words.empty() ||
           std::find(limits.words.begin(), limits.words.end(), *word) != limits.words.end();
  const double number = std::get<double>(value);
  return std::abs(number) <= largest && number >= limits.least && number <= limits.most &&
         !(limits.below_most && number == limits.most) && !(limits.whole && number != std::floor(number));
}

std::string expectation(const OptionSpec& spec) {
  const auto& [least, most, below_most, whole, words] = spec.limits;
  if (std::holds_alternative<std::string>(spec.standard))
    return words.empty() ? "a word" : fmt::format("one of {}", fmt::join(words, ", "));
  const std::string kind = whole ? "a whole number" : "a finite number";
  const bool low = std::isfinite(least), high = std::isfinite(most);
  if (low && high) return fmt::format("{} in [{}, {}{}", kind, least, most, below_most ? ")" : "]");
  if (low) return fmt::format("{} ≥ {}", kind, least);
  if (high) return fmt::format("{} {} {}", kind, below_most ? "<" : "≤", most);
  return kind + " of magnitude up to 1e30";
}

std::string shown(const Value& value) {
  if (const auto* word = std::get_if<std::string>(&value)) return value_text(*word);
  return number_text(std::get<double>(value));
}

const SchemeInfo& known_scheme(std::string_view name) {
  if (const SchemeInfo* scheme = find_scheme(name)) return *scheme;
  fail("unknown scheme {}{}", in_quotes(name), suggest_scheme(std::string(name)));
}

std::string rank_text(const SchemeInfo& scheme) {
  if (scheme.least_rank == scheme.most_rank) return fmt::format("exactly {}", scheme.least_rank);
  if (scheme.most_rank < Shape::max_rank) return fmt::format("{} to {}", scheme.least_rank, scheme.most_rank);
  return fmt::format("at least {}", scheme.least_rank);
}

std::vector<Value> defaults(const SchemeInfo& scheme) {
  std::vector<Value> values;
  for (const OptionSpec& option : scheme.options) values.push_back(option.standard);
  return values;
}

void require_admitted(const SchemeInfo& scheme, const OptionSpec& option, const Value& value) {
  if (!admits(option, value))
    fail("scheme '{}': {} = {} must be {}", scheme.name, option.name, shown(value), expectation(option));
}

/// What a base would have to be that this scheme is not: one that needs no data and no other scheme. None
/// where it can be one.
std::optional<std::string> why_no_base(const SchemeInfo& scheme) {
  if (scheme.needs_data()) return "a scheme that needs no data";
  if (scheme.base_option())
    return fmt::format("a scheme that draws by itself, and '{}' adjusts another one's draw", scheme.name);
  return std::nullopt;
}

}  // namespace

Initializer::Initializer(const SchemeInfo& scheme, const std::vector<Value>& values) : scheme_(&scheme) {
  if (values.size() != scheme.options.size())
    fail("scheme '{}' has {} options, {} values were given", name(), scheme.options.size(), values.size());
  const auto options = values.empty() ? nullptr : scheme.options[0].make();
  for (std::size_t i = 0; i < values.size(); ++i) {
    require_admitted(scheme, scheme.options[i], values[i]);
    scheme.options[i].set(options.get(), values[i]);
  }
  options_ = options;
  check();
}

Initializer::Initializer(std::string_view scheme)
    : Initializer(known_scheme(scheme), defaults(known_scheme(scheme))) {}

Initializer::Initializer(std::string_view scheme, std::shared_ptr<const void> options,
                         const std::type_info& type)
    : scheme_(&known_scheme(scheme)), options_(std::move(options)) {
  options_of(*this, type);
  for (const OptionSpec& option : scheme_->options)
    require_admitted(*scheme_, option, option.get(options_.get()));
  check();
}

void Initializer::check() const {
  if (const auto of = base())
    if (const auto why = why_no_base(of->scheme()))
      fail("scheme '{}': base = {} must be {}", name(), of->to_string(), *why);
  if (scheme_->check) scheme_->check(*this);
}

const void* Initializer::options_if(const std::type_info& type) const {
  return !scheme_->options.empty() && *scheme_->options[0].owner == type ? options_.get() : nullptr;
}

const void* options_of(const Initializer& initializer, const std::type_info& type) {
  if (const void* options = initializer.options_if(type)) return options;
  fail("scheme '{}' has options of another type than it was asked for", initializer.name());
}

std::optional<Initializer> Initializer::base() const {
  const OptionSpec* option = scheme_->base_option();
  if (!option) return std::nullopt;
  return parse(std::get<std::string>(option->get(options_.get())));
}

Draw Initializer::draw(const Shape& shape, const Site& site) const {
  if (scheme_->draw) return scheme_->draw(shape, site, *this);
  const auto of = base();
  return of ? of->draw(shape, site) : Draw::other;
}

void Initializer::fill(Tensor& w, const Fans& fans, Generator& gen) const {
  if (scheme_->needs_data())
    fail_usage(
        "scheme '{}' fits weights to a batch of training data: name it for a model (fanin train, compare; in "
        "code start::initialize with images and labels)",
        name());
  if (scheme_->needs_model)
    fail_usage(
        "scheme '{}' depends on a layer's place in its model: name it for a model (fanin train, compare; in "
        "code start::initialize)",
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
  scheme_->fill(w, site, gen, *this);
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
  if (const auto of = base()) return of->caution(shape, fans);
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
  for (const OptionSpec& option : scheme_->options) {
    const Value value = option.get(options_.get());
    if (value != option.standard) text += (text.empty() ? "" : ", ") + option.name + "=" + shown(value);
  }
  return text.empty() ? name() : name() + "(" + text + ")";
}

bool Initializer::operator==(const Initializer& other) const {
  const auto same = [&](const OptionSpec& option) {
    return option.get(options_.get()) == option.get(other.options_.get());
  };
  return scheme_ == other.scheme_ && std::all_of(scheme_->options.begin(), scheme_->options.end(), same);
}

namespace {

/// Parses a scheme named within another's options, so that a message shows the place in the whole text.
void check_base_text(const Expression& call, const std::string& name, const std::vector<std::string>& known,
                     const Options& options) {
  std::size_t i = 0;
  while (i < call.args.size() && (call.args[i].key.empty() ? known[i] : call.args[i].key) != name) ++i;
  if (i == call.args.size()) return;
  const Argument& arg = call.args[i];
  const bool as_written = call.source.compare(arg.position, arg.text.size(), arg.text) == 0;  // not in quotes
  const Initializer base =
      as_written ? parse(Expression::parse(call.source, arg.position, arg.position + arg.text.size()))
                 : parse(arg.text);
  if (const auto why = why_no_base(base.scheme())) options.refuse(name, *why);
}

}  // namespace

Initializer parse(std::string_view text) { return parse(Expression::parse(text)); }

Initializer parse(const Expression& call) {
  const SchemeInfo* scheme = find_scheme(call.name);
  if (!scheme)
    fail_usage("unknown scheme {} {}{}", in_quotes(call.name), at_character(call.source, call.position),
               suggest_scheme(call.name));
  std::vector<std::string> known;
  for (const OptionSpec& spec : scheme->options) known.push_back(spec.name);
  const Options options(call, "scheme", known);
  if (const OptionSpec* base = scheme->base_option()) check_base_text(call, base->name, known, options);
  std::vector<Value> values;
  for (const OptionSpec& spec : scheme->options) {
    if (const auto* word = std::get_if<std::string>(&spec.standard))
      values.emplace_back(options.word(spec.name, *word, spec.limits.words));
    else
      values.emplace_back(options.number(spec.name, std::get<double>(spec.standard)));
    if (!admits(spec, values.back())) options.refuse(spec.name, expectation(spec));
  }
  try {
    return Initializer(*scheme, values);
  } catch (const Error& error) {
    fail_usage("{}, {}", error.what(), at_character(call.source, call.position));
  }
}

}  // namespace fanin::init
