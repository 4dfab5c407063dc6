#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fanin/optim/optimizer.hpp>

namespace fanin::optim {

/// A group's parameters in one flat buffer, their gradients in another, and what its rule keeps beside them.
struct Optimizer::FlatGroup {
  /// A parameter's place in them.
  struct Entry {
    std::string name;                          ///< full
    std::shared_ptr<nn::Parameter> parameter;  ///< of the model
    Index offset, numel;                       ///< in elements
    Index updates = 0;                         ///< steps in which it had a gradient
    std::shared_ptr<Tensor> home = {};  ///< what keeps its elements: also of each tensor that sees them
    bool moved = false;                 ///< by the backward pass, in the step under way
    Tensor& value() const { return parameter->value; }  ///< the model's own
    /// Counts an update of it.
    void mark_updated() {
      ++updates;
      value().mark_written();
    }
  };
  std::vector<Entry> entries;                         ///< that train
  std::vector<Entry> frozen;                          ///< since the optimizer was made; without a place
  Tensor values = Tensor::zeros({0});                 ///< of all entries
  Tensor gradients = Tensor::zeros({0});              ///< likewise
  std::vector<std::pair<std::string, Tensor>> state;  ///< what the rule keeps, by its names
  std::vector<real*> buffers;                         ///< where each of `state` begins
  double lr_scale = 1, weight_decay = 0;              ///< as `Group` has them
  std::size_t given = 0;                              ///< of the groups that the optimizer was made with
  Index steps = 0;                                    ///< after the latest step

  /// Takes a parameter and its gradient into the flat buffers, unless they are there: another optimizer may
  /// have them in its own, or the model's user may have put another tensor in the parameter's place. Error
  /// for one of another number of elements.
  void gather(Entry& entry);
  /// Gives those of the frozen parameters a place that train by now.
  void take_in();
};

}  // namespace fanin::optim
