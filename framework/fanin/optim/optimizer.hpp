#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fanin/autograd/leaf_steps.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/optim/adam.hpp>
#include <fanin/optim/rmsprop.hpp>
#include <fanin/optim/sgd.hpp>

namespace fanin::optim {

/// What a rule's step may depend on, in the words of torch.optim; a rule reads those that it knows.
struct OptimizerOptions {
  UpdateRule rule = sgd();  ///< whose step it is
  double lr =
      0.1;  ///< sgd's: it does not follow the rule (`UpdateRule::default_lr`); who changes one says both
  double weight_decay = 0;  ///< ≥ 0; of adamw decoupled, else an L2 penalty
  /// Which parameters have no weight decay, as patterns (`init::covers`): "*.bias; *norm*".
  std::string no_decay = {};
  double momentum = 0;                ///< sgd, rmsprop; ≥ 0
  double dampening = 0;               ///< sgd; ≥ 0
  bool nesterov = false;              ///< sgd; needs momentum > 0 and dampening 0
  double beta1 = 0.9, beta2 = 0.999;  ///< adam, adamw; in [0, 1)
  double alpha = 0.99;                ///< rmsprop; in [0, 1)
  double eps = 1e-8;                  ///< adam, adamw, rmsprop; ≥ 0
};

/// Parameters that share a learning rate, `lr_scale` times the optimizer's, and a weight decay, `decay_scale`
/// times its or their own.
struct Group {
  std::vector<nn::Module::NamedParameter> parameters;  ///< frozen ones too, which wait
  double lr_scale = 1;                                 ///< ≥ 0
  double decay_scale = 1;                              ///< ≥ 0
  /// In place of the optimizer's, ≥ 0; but for what `OptimizerOptions::no_decay` speaks of.
  std::optional<double> weight_decay = {};
};

/// Gathers the parameters of each group into one flat buffer, their gradients into another, so that a step is
/// one pass over memory; the parameters' tensors keep their handles and see the flat elements. Several
/// optimizers may share parameters: the one that steps has them in its buffers.
class Optimizer {
 public:
  /// All parameters of `model`, as one group. One that is frozen (`value.set_requires_grad(false)`) trains
  /// from the step on at which it requires grad, as in PyTorch; from then on `state` and `updates` list it,
  /// behind the others of its group. Error for options outside torch.optim's ranges, for a rule without a
  /// step, for no parameters at all, for one that is given twice, and (usage) for a pattern of `no_decay` that
  /// speaks of none.
  Optimizer(nn::Module& model, OptimizerOptions options);
  /// The same of groups; Error also for a scale that is negative.
  Optimizer(std::vector<Group> groups, OptimizerOptions options);
  ~Optimizer();
  /// @{
  /// An optimizer that was moved from can no longer step.
  Optimizer(Optimizer&&) noexcept;
  Optimizer& operator=(Optimizer&&) noexcept;
  /// @}

  /// One update from the gradients at hand. A parameter without a gradient keeps its value, as in PyTorch.
  void step();
  /// `loss.backward()`, `step()` and `zero_grad()` in one, with the same bits: afterwards no gradient of its
  /// parameters can be read. Where the step is plain SGD's, a linear layer's weight is moved as its gradient
  /// is computed, which then never lies in memory: that is most of what a step with few samples costs. A
  /// weight that the loss depends on in several ways, that has a gradient already or whose elements another
  /// tensor sees (`detach`, `view`) is not. Error as of `backward`; one in the middle of it leaves weights of
  /// which some have moved.
  void step_from(const Tensor& loss);
  /// Forgets all gradients; the buffers stay.
  void zero_grad();
  /// Scales all gradients so that their joint norm is at most `max_norm`; returns the norm before
  /// (torch.nn.utils.clip_grad_norm_). Error unless max_norm > 0.
  double clip_grad_norm(double max_norm);

  double lr() const { return options_.lr; }  ///< of the next step, before a group's scale
  void set_lr(double lr);                    ///< Error (usage) unless it is finite and ≥ 0
  /// Sets the option that is the rule's momentum (`UpdateRule::momentum`); nothing for a rule without one. Error
  /// (usage) outside [0, 1), Error for one above 0 where the optimizer was made with 0, and so without its buffers.
  void set_momentum(double momentum);
  /// Error for a group (from 0) that is not there, (usage) for a scale that is negative.
  void set_group_lr_scale(std::size_t group, double scale);
  const OptimizerOptions& options() const { return options_; }  ///< as given, but for `set_…`
  Index steps() const { return steps_; }                        ///< updates made so far

  /// @{
  /// What a checkpoint must hold besides the parameters: the state buffers by name ("momentum.fc1.weight"),
  /// sharing their elements; the step count; and how many steps each parameter had a gradient in.
  std::vector<std::pair<std::string, Tensor>> state();
  std::vector<std::pair<std::string, Index>> updates() const;
  /// @}
  /// Goes on counting from what `steps` and `updates` said. Error, before anything changes, for other
  /// parameters or counts out of range.
  void resume(Index steps, const std::vector<std::pair<std::string, Index>>& updates);
  /// As `resume`, for parameters that had a gradient in every step. Error for a negative count.
  void set_steps(Index steps);

 private:
  struct FlatGroup;
  void require_whole(const char* what) const;
  void gather();
  void list_leaf_steps();
  void step_gathered();
  void update(FlatGroup& group, Index begin, Index count, Index previous_updates);
  std::vector<FlatGroup> groups_;
  std::size_t given_ = 0;  // groups, before `no_decay` cut them
  OptimizerOptions options_;
  bool has_momentum_buffers_ = true;
  Index steps_ = 0;
  std::vector<LeafStep> leaf_steps_;  // of the pass under way
};

}  // namespace fanin::optim
