#pragma once
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fanin/init/initializer.hpp>
#include <fanin/init/pattern.hpp>

namespace fanin::init {

/// A parameter as a plan sees it.
struct Target {
  std::string name = {};  ///< its full name, `conv1.weight`
  int rank = 0;           ///< of its shape
  int weight_rank = 0;    ///< of its layer's weight; 0 when there is none
  /// The same parameter under its other names, where it is tied or its layer stands in the model twice. A
  /// rule that matches any of the names speaks for it.
  std::vector<Target> ties = {};
};

/// One rule: which parameters, and how they are born.
struct PlanRule {
  std::string pattern = {};  ///< empty: every weight with ≥ 2 dimensions, its layer's bias becoming zeros
  std::optional<Initializer> init{};  ///< none: the layer's own default
  std::size_t position = 0;           ///< in the plan's text, counted from 0

  /// Whether they say the same, wherever they stand.
  bool operator==(const PlanRule& other) const { return pattern == other.pattern && init == other.init; }
  std::string to_string() const;  ///< as it stands in a plan's text
};

/// Which initializer each parameter of a model gets, as one text: `conv*=kaiming_normal; fc3.weight=zeros;
/// *.bias=constant(0.01)`. Of the rules that match a parameter the last one wins; where none does, the
/// layer's own default stands.
///
/// A pattern is a glob (`*` any characters, `?` one) on full parameter names. When its last dotted part
/// speaks of neither `weight` nor `bias` it names layers, and means the weights with ≥ 2 dimensions of all
/// that is in those: `conv*`, `layer1`, `blocks.?`. A rule without `=` is for the whole model: a scheme (every
/// weight with ≥ 2 dimensions drawn by it, the biases of those layers zero) or the word `default`, which is
/// also a right side (`fc3.*=default`).
class Plan {
 public:
  Plan() = default;  ///< every layer's own default
  /// Rules by value: `{{"conv*", init::orthogonal()}, {"*.bias", init::zeros()}}`; a pattern may be several,
  /// separated by `;`, and an empty one is for the whole model. Error (usage) as `parse` gives it.
  Plan(std::initializer_list<PlanRule> rules);
  /// One scheme for the whole model.
  Plan(const Initializer& scheme) : Plan({PlanRule{{}, scheme}}) {}
  /// Rules are separated by `;` or line ends. Error (usage) with the position for what does not parse.
  static Plan parse(std::string_view text);

  const std::vector<PlanRule>& rules() const { return rules_; }  ///< in the order written
  /// The rule that speaks for a parameter: the last that matches it; null where none does.
  const PlanRule* rule_for(const Target& parameter) const;
  /// The initializer for a parameter, or null where the layer's own default stands.
  const Initializer* lookup(const Target& parameter) const;
  /// Error (usage) naming the first rule that matches none of a model's parameters, its position, and what is
  /// near; and for two rules that name one parameter by two of its names, without a wildcard, and differ.
  void require_matches(std::span<const Target> parameters) const;

  std::string to_string() const;  ///< `parse` reads it back; "default" for a plan without rules
  bool operator==(const Plan& other) const { return rules_ == other.rules_; }  ///< same rules in one order

 private:
  std::string source_;
  std::vector<PlanRule> rules_;
};

/// Whether the rule speaks of this parameter.
bool matches(const PlanRule& rule, const Target& parameter);

}  // namespace fanin::init
