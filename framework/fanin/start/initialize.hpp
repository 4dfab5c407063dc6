#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <fanin/init/plan.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/start/refine.hpp>

namespace fanin::start {

/// What became of one parameter.
struct Drawn {
  std::string name;  ///< full name
  Shape shape;       ///< of the parameter
  init::Fans fans;   ///< of its layer
  /// Text of the initializer whose values these are: of the base, where a scheme that is fitted to data left
  /// them as drawn; "loaded" or "kept" where there were values already.
  std::string scheme;
  double mean = 0, std = 0;  ///< of the values, computed in double
  std::string note{};  ///< what one may not expect: why it was not fitted, or a caution about the scheme
};

/// @{
/// Gives every parameter of `model` that has no values yet its first and only draw: by the plan's last rule
/// that matches its name, else by its layer's own default. Parameters drawn or loaded before are left as they
/// are. Each has a slot of its own in `generator` (start/slots.hpp): so the layers' defaults are PyTorch's
/// bits for the same seed, what fills one parameter moves no other, and a scheme that draws as the default
/// does is the default's draw at another scale. Layers that draw while they run (dropout) and were given no
/// seed get their streams from the generator's state. Error (usage) for a rule that matches no parameter
/// (with the nearest layer names), or one whose every match has values already, since it would do nothing,
/// as would any plan, `default` too, where nothing is left to draw; without a plan such a call does nothing.
/// After any exception model and generator are as they were.
std::vector<Drawn> initialize(nn::Module& model, const init::Plan& plan, Generator& generator);
std::vector<Drawn> initialize(nn::Module& model, const std::string& plan, Generator& generator);
std::vector<Drawn> initialize(nn::Module& model, Generator& generator);
/// @}

/// @{
/// With a batch of training data, for the schemes that need one (`SchemeInfo::fit`): every parameter
/// is drawn as above, then those whose scheme asks for it are fitted to `images` [N, …] and their `labels`
/// (start/refine.hpp). Nothing else of the model changes: parameters loaded or drawn before, statistics,
/// generators, mode. Without a batch such a scheme is an Error (usage).
std::vector<Drawn> initialize(nn::Module& model, const init::Plan& plan, Generator& generator,
                              const Tensor& images, std::span<const std::int32_t> labels);
std::vector<Drawn> initialize(nn::Module& model, const std::string& plan, Generator& generator,
                              const Tensor& images, std::span<const std::int32_t> labels);
/// @}

/// @{
/// Draws anew what the plan's rules speak of, whether it has values or not: `reinitialize(net, "head=default",
/// generator)`. All else stays as it is, also what has no values yet. Each parameter has the slot of
/// `initialize`, and Errors are as there; after any exception model and generator are as they were.
std::vector<Drawn> reinitialize(nn::Module& model, const init::Plan& plan, Generator& generator);
std::vector<Drawn> reinitialize(nn::Module& model, const std::string& plan, Generator& generator);
/// @}

/// As `initialize` was before files said `draws=2`: one stream from which what is drawn takes what it needs,
/// in turn. For drawing again what an older file was born with; `samples` where a scheme is fitted.
void initialize_by_one_stream(nn::Module& model, const init::Plan& plan, Generator& generator,
                              const Samples* samples = nullptr);

/// The parameters that `initialize` with this plan would fit to data. Error as there for a plan that cannot
/// be one of this model.
std::vector<std::string> fitted_parameters(nn::Module& model, const init::Plan& plan);

/// Error (usage), the one that `initialize` would give, for a plan that cannot initialize this model: a rule
/// without a match or effect, a scheme that cannot fill a parameter's shape or place. Nothing of the model
/// changes and nothing is fitted; a scheme that states its deviation fills every shape of its rank and is not
/// drawn either. `with_data`: there will be a batch.
void require_initializable(nn::Module& model, const init::Plan& plan, bool with_data);

/// Scheme and why, for those of `drawn` that have a note.
std::vector<std::string> notes_of(const std::vector<Drawn>& drawn);

/// The model's parameters as a plan sees them, in the order of `named_parameters()`.
std::vector<init::Target> targets_of(nn::Module& model);

/// Forgets the values of the parameters that `pattern` speaks of (`init::covers`; all by default), so that
/// `initialize` draws them anew. Error (usage) when it speaks of none.
void forget(nn::Module& model, const std::string& pattern = "*");

}  // namespace fanin::start
