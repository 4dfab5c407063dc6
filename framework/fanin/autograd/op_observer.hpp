#pragma once
#include <any>
#include <functional>
#include <span>
#include <vector>

#include <fanin/core/tensor.hpp>

namespace fanin {

/// An op that has just run, recorded for gradients or not.
struct RanOp {
  const char* name;  ///< the op's, as in messages
  std::any facts;    ///< what `facts()` of the op's struct gives: its options as a value; empty without one
  std::vector<Tensor> inputs;  ///< as `forward` takes them; undefined where one was left out
  Tensor output;               ///< the very handle that the caller is given
  /// The same op with the same options on other tensors, of the shapes of `inputs` (elementwise ops take any);
  /// nothing is recorded. What it drew (dropout's mask) stays.
  std::function<Tensor(std::span<const Tensor> inputs)> again;
};

/// While one lives, its function is told of every op on this thread, as it has run. Ops that fuse others in
/// (`linear` with its activation, a convolution with ReLU and max pool) run them one by one, so that each is seen. They
/// nest: the innermost alone is told. What the function throws comes out of the op.
class OpObserver {
 public:
  using Callback = std::function<void(const RanOp& op)>;  ///< told of an op
  explicit OpObserver(Callback callback);                 ///< from here on
  ~OpObserver();
  OpObserver(const OpObserver&) = delete;
  OpObserver& operator=(const OpObserver&) = delete;
  static bool active();               ///< whether one lives on this thread
  static void tell(const RanOp& op);  ///< for `record`: Error unless active

 private:
  Callback callback_;
  OpObserver* before_;
};

}  // namespace fanin
