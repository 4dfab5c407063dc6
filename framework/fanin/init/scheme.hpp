#pragma once
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fanin/core/tensor.hpp>
#include <fanin/init/fan.hpp>
#include <fanin/init/site.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::init {

class Initializer;

/// What a scheme takes from the generator for a tensor of n elements.
enum class Draw {
  nothing,
  uniforms,  ///< one uniform an element: `uniform` of n, in the order of the elements
  normals,   ///< one `normal` of n
  other,
};

/// The value of one option: a number or a word.
using Value = std::variant<double, std::string>;

/// What an option may be. Numbers are finite and of magnitude at most 1e30.
struct OptionSpec {
  std::string name = {};
  Value standard = 0.0;  ///< the default; its type is the option's
  std::string meaning = {};
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool below_most = false;              ///< `most` itself is not allowed
  bool whole = false;                   ///< a whole number
  std::vector<std::string> words = {};  ///< the words allowed
};

/// A scheme: a family of initializers that differ in their options. Everything `fanin inits` shows is here.
struct SchemeInfo {
  std::string name = {};
  std::vector<std::string> aliases = {};
  std::vector<OptionSpec> options = {};
  std::string summary = {};  ///< one line
  std::string formula = {};
  std::string paper = {};
  std::string use = {};    ///< when to use it
  std::string fails = {};  ///< when it fails
  int least_rank = 0, most_rank = Shape::max_rank;
  /// A plan that names the scheme alone draws biases by it as well, instead of zeros.
  bool fills_bias = false;
  /// As a whole-model rule it also sets the scales of residual branches.
  bool fills_branch_weight = false;
  /// It is drawn, then fitted to a batch of training data (nn/refine.hpp).
  bool needs_data = false;
  /// Its rule has no meaning for a tensor outside a model.
  bool needs_model = false;
  /// Two parameters' draws of one kind share their luck (init/source.hpp); `other` for a scheme that takes
  /// anything else.
  Draw draw = Draw::other;
  /// The same, where it depends on more than the scheme; used in place of `draw` where there is one.
  Draw (*draw_at)(const Shape& shape, const Site& site, const Initializer& options) = nullptr;
  /// Draws the elements; the tensor has some, and a rank within the bounds.
  void (*fill)(Tensor& w, const Fans& fans, Generator& gen, const Initializer& options) = nullptr;
  /// The same for a scheme that asks where the tensor stands in its model; used in place of `fill` where
  /// there is one.
  void (*fill_at)(Tensor& w, const Site& site, Generator& gen, const Initializer& options) = nullptr;
  /// The standard deviation the elements are meant to have; null where there is no such number.
  double (*deviation)(const Shape& shape, const Fans& fans, const Initializer& options) = nullptr;
  /// What one may not expect of options that are right, in a sentence; empty where all is well. May be null.
  std::string (*caution)(const Shape& shape, const Initializer& options) = nullptr;
  /// Error for options that do not go together; null where all do.
  void (*check)(const Initializer& options) = nullptr;
};

/// All schemes, in the order of their families.
std::vector<const SchemeInfo*> schemes();
/// By name or alias, or null. A trailing underscore, as in PyTorch's names, is ignored.
const SchemeInfo* find_scheme(std::string_view name);
/// Adds a user's own scheme, which is then parsed, printed and listed like any other. Error for a taken name
/// or a missing `fill`.
const SchemeInfo& register_scheme(SchemeInfo scheme);

}  // namespace fanin::init
