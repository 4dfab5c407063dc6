#pragma once
#include <functional>

#include <fanin/init/source.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::start {

/// How parameters are drawn: by slots. Files that say nothing of it are of the first way, one stream for what
/// is drawn alone.
constexpr int draws_version = 2;

/// One parameter's turn.
struct Slot {
  std::size_t index;                            ///< in `named_parameters()`
  const nn::Module::NamedParameter& parameter;  ///< whose turn it is
  const init::Site& site;                       ///< where it stands in the model
  const Generator& state;                       ///< the generator's when the turn came

  /// Where `scheme` draws it from.
  Generator source(const init::Initializer& scheme) const {
    return init::source_of(scheme, parameter.parameter->standard(), parameter.parameter->value.shape(), site,
                           state);
  }
  /// A draw by the layer's own initializer, of the parameter's shape, whatever the parameter holds. Error
  /// for an initializer that is fitted to data.
  Tensor fresh() const;
};

/// Calls `visit` at every parameter's turn, in the order in which they are drawn, and moves `generator` past
/// all of them: as far as PyTorch's would move at the construction of these layers, whatever `visit` does.
/// After an exception it stands where it stood.
void for_each_slot(nn::Module& model, Generator& generator, const std::function<void(const Slot&)>& visit);

}  // namespace fanin::start
