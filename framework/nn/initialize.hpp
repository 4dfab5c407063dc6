#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/init/plan.hpp"
#include "framework/nn/module.hpp"

namespace fanin::nn {

/// What became of one parameter.
struct Drawn {
  std::string name;    ///< full name
  Shape shape;
  Fans fans;
  std::string scheme;  ///< text of the initializer that drew it; "loaded" or "kept" where it had values already
  double mean = 0, std = 0;  ///< of the values, computed in double
};

/// Gives every parameter of `model` that has no values yet its first and only draw, layer by layer in the model's order: by
/// the plan's last rule that matches its name, else by its layer's own default. Parameters drawn or loaded before are
/// left as they are. Error (usage) for a rule that matches no parameter (with the nearest layer names), or one whose every
/// match has values already, since it would do nothing.
std::vector<Drawn> initialize(Module& model, const init::Plan& plan, Generator& generator);
std::vector<Drawn> initialize(Module& model, const std::string& plan, Generator& generator);
std::vector<Drawn> initialize(Module& model, Generator& generator);

/// With a batch of training data, for the schemes that need one (`SchemeInfo::needs_data`): every parameter is drawn as above,
/// then those whose scheme asks for it are fitted to `images` [N, …] and their `labels` (nn/refine.hpp). Nothing else of the
/// model changes: parameters loaded or drawn before, statistics, generators, mode. Without a batch such a scheme is an
/// Error (usage).
std::vector<Drawn> initialize(Module& model, const init::Plan& plan, Generator& generator, const Tensor& images,
                              std::span<const std::int32_t> labels);
std::vector<Drawn> initialize(Module& model, const std::string& plan, Generator& generator, const Tensor& images,
                              std::span<const std::int32_t> labels);

/// The parameters that `initialize` with this plan would fit to data. Error as there for a plan that cannot be one of this model.
std::vector<std::string> fitted_parameters(Module& model, const init::Plan& plan);

/// Error (usage), the one that `initialize` would give, for a plan that cannot initialize this model: a rule without a match or
/// effect, a scheme that cannot fill a parameter's shape or place. Nothing of the model changes and nothing is fitted; a scheme
/// that states its deviation fills every shape of its rank and is not drawn either. `with_data`: there will be a batch.
void require_initializable(Module& model, const init::Plan& plan, bool with_data);

/// The parameters as a plan sees them, in the order given.
std::vector<init::Target> targets_of(const std::vector<Module::NamedParameter>& parameters);

/// Forgets the values of the parameters that match the glob `pattern` (all by default), so that `initialize` draws
/// them anew: the one way to draw twice, and it has to be asked for by name. Error (usage) when nothing matches.
void forget(Module& model, const std::string& pattern = "*");

}  // namespace fanin::nn
