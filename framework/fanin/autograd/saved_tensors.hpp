#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include <fanin/core/tensor.hpp>

namespace fanin {

/// The Error of `SavedTensors`.
[[noreturn]] void refuse_written(const char* op, const Tensor& saved, std::uint32_t version);

/// The tensors that an op's backward pass needs as they were in the forward pass, with their versions then:
/// those of `Op::saved()`, a std::array of tensors (undefined ones do not count), or none.
template <class Op>
class SavedTensors {
 public:
  /// Of an op whose `forward` has run.
  explicit SavedTensors(const Op& op) {
    if constexpr (count > 0) {
      tensors_ = op.saved();
      for (std::size_t i = 0; i < count; ++i)
        versions_[i] = tensors_[i].defined() ? tensors_[i].version() : 0;
    }
  }
  /// Error naming the op where one of them was written over since.
  void require_unwritten() const {
    for (std::size_t i = 0; i < count; ++i) {
      const Tensor& one = tensors_[i];
      if (one.defined() && one.version() != versions_[i]) [[unlikely]]
        refuse_written(Op::name, one, versions_[i]);
    }
  }

 private:
  static constexpr std::size_t count = [] {
    if constexpr (requires(const Op& op) { op.saved(); })
      return std::tuple_size_v<decltype(std::declval<const Op&>().saved())>;
    else
      return std::size_t{0};
  }();

  std::array<Tensor, count> tensors_;
  std::array<std::uint32_t, count> versions_;
};

}  // namespace fanin
