#pragma once
#include <functional>

#include <fanin/core/tensor.hpp>

namespace fanin::nn {

class Module;

/// While one lives, `callback(layer, output)` is called after every layer run on this thread, and no layers
/// are fused, so that each output is seen as it is.
class Observer {
 public:
  using Callback = std::function<void(Module&, const Tensor&)>;  ///< told of a layer and its output
  /// They nest: the innermost alone is told. Error for an empty function.
  explicit Observer(Callback callback);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  /// Whether layers are to run one by one on this thread: one lives, or a model runs `until` a layer.
  static bool active();

 private:
  friend class Module;
  Callback callback_;
  Observer* before_;
};

}  // namespace fanin::nn
