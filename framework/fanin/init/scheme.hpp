#pragma once
#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fanin/core/tensor.hpp>
#include <fanin/init/fan.hpp>
#include <fanin/init/option.hpp>
#include <fanin/init/role.hpp>
#include <fanin/init/scheme_function.hpp>
#include <fanin/init/site.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::start {
struct Fitting;  // start/refine.hpp: what a fit works on is of a floor above this one
}

namespace fanin::init {

/// What a scheme takes from the generator for a tensor of n elements.
enum class Draw {
  nothing,   ///< the values follow from the shape and the options
  uniforms,  ///< one uniform an element: `uniform` of n, in the order of the elements
  normals,   ///< one `normal` of n
  other,     ///< anything else
};

/// A scheme: a family of initializers that differ in their options. Everything `fanin inits` shows is here,
/// and everything that drawing, parsing and printing know of it: one that a user registers lacks nothing.
struct SchemeInfo {
  std::string name = {};                  ///< in texts
  std::vector<std::string> aliases = {};  ///< other names that are read
  std::vector<OptionSpec> options = {};   ///< members of one struct, which the functions below are given
  std::string summary = {};               ///< one line
  std::string formula = {};               ///< in plain text
  std::string paper = {};                 ///< author, year, title
  std::string use = {};                   ///< when to use it
  std::string fails = {};                 ///< when it fails
  int least_rank = 0, most_rank = Shape::max_rank;  ///< dimensions of the tensors that it fills
  /// What a plan that names the scheme alone draws by it beside the weights: biases, which are zeros otherwise,
  /// or the scales of residual branches, which keep their layer's own default.
  std::vector<Role> extra_roles = {};
  /// Its rule has no meaning for a tensor outside a model.
  bool needs_model = false;
  /// Two parameters' draws of one kind share their luck (init/source.hpp); `other` for a scheme that takes
  /// anything else. None: its base's, or `other` where it has no base.
  SchemeFunction<Draw(const Shape& shape, const Site& site)> draw = {};
  /// Draws the elements; the tensor has some, and a rank within the bounds.
  SchemeFunction<void(Tensor& w, const Site& site, Generator& gen)> fill = {};
  /// The standard deviation the elements are meant to have; none where there is no such number.
  SchemeFunction<double(const Shape& shape, const Fans& fans)> deviation = {};
  /// What one may not expect of options that are right, in a sentence; empty where all is well. May be none.
  SchemeFunction<std::string(const Shape& shape)> caution = {};
  /// Error for options that do not go together; none where all do.
  SchemeFunction<void()> check = {};
  /// Fits what was drawn to a batch of training data, once every parameter of the model has values, and says
  /// of each parameter why it was left as drawn, "" where it was not (start/refine.hpp).
  std::function<std::vector<std::string>(const start::Fitting& fitting)> fit = {};
  /// Whether `fit` reads of the batch its shape alone, and no number of it: any batch of that shape then serves.
  bool fits_shape_alone = false;

  /// Whether it is drawn, then fitted to a batch of training data.
  bool needs_data() const { return fit != nullptr; }
  /// Whether a plan that names the scheme alone draws parameters of that role by it beside the weights.
  bool also_fills(Role role) const {
    return std::find(extra_roles.begin(), extra_roles.end(), role) != extra_roles.end();
  }
  /// The option that names the scheme whose draw this one adjusts; null where there is none.
  const OptionSpec* base_option() const;
};

/// All schemes, in the order of their families.
std::vector<const SchemeInfo*> schemes();
/// By name or alias, or null. A trailing underscore, as in PyTorch's names, is ignored.
const SchemeInfo* find_scheme(std::string_view name);
/// Adds a user's own scheme, which is then parsed, printed and listed like any other, for the rest of the
/// program. Threads may parse meanwhile. Error for a taken name, a missing `fill`, or options that are
/// members of several structs.
const SchemeInfo& register_scheme(SchemeInfo scheme);

}  // namespace fanin::init
