#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

#include <fanin/core/expression.hpp>
#include <fanin/init/option_formula.hpp>
#include <fanin/init/scheme.hpp>

namespace fanin::init {

/// How a tensor gets its first values: a scheme with its options. A value that can be copied, compared,
/// printed, stored and parsed; made by a factory (`kaiming_normal({.mode = Fan::out})`) or from text
/// (`parse("kaiming_normal(mode=fan_out)")`). In a text numbers may be formulas of the place that a parameter
/// has, `normal(std=1.3/sqrt(fan_in))` (OptionFormula), which get their values there.
class Initializer {
 public:
  /// A scheme, by its name, with all options at their defaults. Error (usage) for an unknown name.
  explicit Initializer(std::string_view scheme);
  /// With its struct of options. Error for one of another type, for a value out of range or not finite.
  template <class Options>
  Initializer(std::string_view scheme, const Options& options)
      : Initializer(scheme, std::make_shared<const Options>(options), typeid(Options)) {}
  /// `values` in the order of the scheme's options. Error as above.
  Initializer(const SchemeInfo& scheme, const std::vector<Value>& values);
  /// With formulas in the place of some numbers, and the definitions that these were read with. Error for a
  /// scheme that is fitted to data, whose numbers are no one parameter's.
  Initializer(const SchemeInfo& scheme, const std::vector<Value>& values, std::vector<OptionFormula> formulas,
              std::vector<CallArgument> definitions);

  const SchemeInfo& scheme() const { return *scheme_; }      ///< all that is known of it
  const std::string& name() const { return scheme_->name; }  ///< the scheme's
  /// The options, of the type that the scheme declared; null for another. Where a number is a formula it is
  /// the default here, and of a place by `at`.
  template <class Options>
  const Options* options_if() const {
    return static_cast<const Options*>(options_if(typeid(Options)));
  }
  /// The same; Error for another type.
  template <class Options>
  const Options& options() const {
    return *static_cast<const Options*>(options_of(*this, typeid(Options)));
  }
  /// `options_if`, of a type that only the program knows as it runs.
  const void* options_if(const std::type_info& type) const;
  /// This one with the values that its formulas have at `site`; itself where it has none. Error, naming the
  /// formula and its value, for one that the option may not have.
  Initializer at(const Site& site) const;
  /// Whether it has formulas.
  bool has_formulas() const { return !formulas_.empty(); }
  /// The one that draws what this one adjusts; none for a scheme that draws by itself.
  std::optional<Initializer> base() const;

  /// Draws `w` from `gen`, for a layer with these fans. Nothing happens to a tensor without elements. Error
  /// where the scheme cannot fill such a shape (the fan of a 1-d tensor, an orthogonal vector …).
  void fill(Tensor& w, const Fans& fans, Generator& gen) const;
  /// The same for a tensor that stands at `site` in a model. The others take it for a lone layer's, and
  /// refuse a scheme that has no meaning there.
  void fill(Tensor& w, const Site& site, Generator& gen) const;
  /// With the fans of the tensor's own shape.
  void fill(Tensor& w, Generator& gen) const;
  /// What `fill` of a tensor of this shape takes from the generator.
  Draw draw(const Shape& shape, const Site& site) const;
  /// The standard deviation a tensor of this shape is meant to get, where the scheme has one; none for a formula
  /// of the place in a model (`at`).
  std::optional<double> deviation(const Shape& shape, const Fans& fans) const;

  /// What one may not expect of a tensor of this shape, in a sentence to be shown beside the draw; none where
  /// all is well.
  std::optional<std::string> caution(const Shape& shape, const Fans& fans) const;

  /// `name(option=value, …)` with the options that are not at their default; `parse` reads it back exactly.
  std::string to_string() const;
  /// Whether scheme and options are the same.
  bool operator==(const Initializer& other) const;

 private:
  Initializer(std::string_view scheme, std::shared_ptr<const void> options, const std::type_info& type);
  void check() const;

  const SchemeInfo* scheme_;
  std::shared_ptr<const void> options_;    // of the scheme's own type; null where it has none
  std::vector<OptionFormula> formulas_;    // in place of options, which are then at their defaults
  std::vector<CallArgument> definitions_;  // that the formulas use
};

/// @{
/// The initializer of a call text, `kaiming_normal(mode=fan_out)`. Error (usage) that names the unknown
/// scheme, option or value, its position, and the nearest known names.
Initializer parse(std::string_view text);
Initializer parse(const CallExpression& call);
/// @}

}  // namespace fanin::init
