#pragma once
#include <string>
#include <variant>

#include <fanin/init/plan.hpp>
#include <fanin/train/warm_start.hpp>

namespace fanin::train {

/// How a model gets its first weights: drawn by a plan, or loaded by a warm start. A value, parsed where its
/// text enters: `warm(FILE, …)` is a warm start (train/warm_start.hpp), anything else a plan (init/plan.hpp).
class Start {
 public:
  /// @{
  /// Error (usage) with the position for what does not parse.
  Start(std::string text);
  Start(const char* text) : Start(std::string(text)) {}
  /// @}

  const std::string& text() const { return text_; }  ///< as it was given
  /// The plan, or null for a warm start.
  const init::Plan* plan() const { return std::get_if<init::Plan>(&way_); }
  /// The warm start, or null for a plan.
  const WarmStart* warm() const { return std::get_if<WarmStart>(&way_); }

 private:
  std::string text_;
  std::variant<init::Plan, WarmStart> way_;
};

}  // namespace fanin::train
