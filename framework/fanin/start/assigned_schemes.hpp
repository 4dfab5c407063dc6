#pragma once
#include <string>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/init/plan.hpp>
#include <fanin/init/site.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::start {

/// A model's parameters, each with the scheme that speaks for it. All lists go by `named_parameters()`.
struct AssignedSchemes {
  std::vector<nn::Module::NamedParameter> parameters;  ///< the model's
  std::vector<init::Site> sites;                       ///< where each stands
  std::vector<init::Initializer> schemes;              ///< the plan's, or its layer's own
  std::vector<bool> drawn;                             ///< which of them are to be

  bool draws(std::size_t i) const { return drawn[i]; }  ///< whether that parameter is to be drawn
  /// Draws `values` as that parameter's; Error in its name.
  void fill(std::size_t i, Tensor& values, Generator& generator) const {
    naming(i, [&] { schemes[i].fill(values, sites[i], generator); });
  }
  /// Does what may be refused, in the name of the parameter.
  template <class Action>
  void naming(std::size_t i, const Action& action) const {
    try {
      action();
    } catch (const Error& error) {
      // What a scheme refuses was asked for; that the system has no memory was not.
      throw Error(parameters[i].name + ": " + error.what(),
                  error.blame() == Blame::memory ? Blame::memory : Blame::usage);
    }
  }
};

/// What is drawn.
enum class Draws {
  first,               ///< what has no values yet; Error where that is nothing
  first_without_plan,  ///< the same, which may be nothing
  again                ///< what the plan's rules speak of, whatever it holds
};

/// Gives each parameter its scheme. Error (usage) for a rule without a match, for one or a plan that would draw
/// nothing, and for a scheme that is fitted to data where there is none.
AssignedSchemes assign_schemes(nn::Module& model, const init::Plan& plan, bool with_data,
                               Draws draws = Draws::first);

}  // namespace fanin::start
