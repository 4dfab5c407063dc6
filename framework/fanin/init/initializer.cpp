#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/init/initializer.hpp>
#include <fanin/init/option_limits.hpp>
#include <fanin/init/suggest_scheme.hpp>

namespace fanin::init {
namespace {

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
    fail("scheme '{}': {} = {} must be {}", scheme.name, option.name, option_value_text(value),
         expectation(option));
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

Initializer::Initializer(const SchemeInfo& scheme, const std::vector<Value>& values,
                         std::vector<OptionFormula> formulas, std::vector<CallArgument> definitions)
    : Initializer(scheme, values) {
  if (scheme.needs_data() && !formulas.empty())
    fail("scheme '{}': {} = {} must be a number: what is fitted to data is of no one place", name(),
         scheme.options[formulas[0].option].name, in_quotes(formulas[0].text));
  formulas_ = std::move(formulas);
  definitions_ = std::move(definitions);
}

Initializer Initializer::at(const Site& site) const {
  if (formulas_.empty()) return *this;
  std::vector<Value> values;
  for (const OptionSpec& option : scheme_->options) values.push_back(option.get(options_.get()));
  const std::vector<double> place = site_values(site);
  for (const OptionFormula& one : formulas_) {
    const OptionSpec& option = scheme_->options[one.option];
    const double value = one.formula(place);
    values[one.option] = value;
    if (!admits(option, value))
      fail("scheme '{}': {} = {} is {} here (fan_in {}, fan_out {}, depth {}, layer {}); it must be {}",
           name(), option.name, in_quotes(one.text), value, place[0], place[1], place[2], place[3],
           expectation(option));
  }
  return {*scheme_, values};
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
  if (has_formulas()) return at(site).draw(shape, site);
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
  if (has_formulas()) return at(site).fill(w, site, gen);
  scheme_->fill(w, site, gen, *this);
}

void Initializer::fill(Tensor& w, Generator& gen) const {
  require_defined(name().c_str(), "the tensor to fill", w);
  fill(w, w.rank() < 2 ? Fans{} : fans_of(w.shape()), gen);
}

std::optional<double> Initializer::deviation(const Shape& shape, const Fans& fans) const {
  if (has_formulas()) {
    const bool placed =
        std::any_of(formulas_.begin(), formulas_.end(), [](const auto& one) { return one.needs_model(); });
    return placed ? std::nullopt : at(Site{.fans = fans}).deviation(shape, fans);
  }
  if (!scheme_->deviation || shape.rank() < scheme_->least_rank || shape.rank() > scheme_->most_rank)
    return std::nullopt;
  return scheme_->deviation(shape, fans, *this);
}

std::optional<std::string> Initializer::caution(const Shape& shape, const Fans& fans) const {
  if (const auto of = base()) return of->caution(shape, fans);
  if (has_formulas()) return std::nullopt;
  if (shape.numel() == 0) return std::nullopt;
  if ((fans.in == 0 || fans.out == 0) && deviation(shape, fans) == 0.0 &&
      deviation(shape, {1, 1}).value_or(0) > 0)
    return fmt::format("'{}' scales by its layer's fans, which are 0 here, so all values are 0", name());
  std::string text = scheme_->caution ? scheme_->caution(shape, *this) : "";
  if (text.empty()) return std::nullopt;
  return text;
}

bool Initializer::operator==(const Initializer& other) const {
  const auto same = [&](const OptionSpec& option) {
    return option.get(options_.get()) == option.get(other.options_.get());
  };
  const auto same_text = [](const OptionFormula& a, const OptionFormula& b) {
    return a.option == b.option && a.text == b.text;
  };
  return scheme_ == other.scheme_ && definitions_ == other.definitions_ &&
         std::equal(formulas_.begin(), formulas_.end(), other.formulas_.begin(), other.formulas_.end(),
                    same_text) &&
         std::all_of(scheme_->options.begin(), scheme_->options.end(), same);
}

}  // namespace fanin::init
