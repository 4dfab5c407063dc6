#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fanin/io/stored_tensor.hpp>
#include <fanin/train/run_state.hpp>

namespace fanin::train {

/// What the tensors and the metadata of a checkpoint that are not the model's begin with.
inline constexpr const char* checkpoint_prefix = "checkpoint.";

/// How far a run has come, with its optimizer's counters: what a checkpoint keeps besides tensors of floats.
struct SavedState {
  RunState run = {};                                                  ///< its series apart, see SeriesTables
  Index optimizer_steps = 0;                                          ///< as Optimizer::steps
  std::vector<std::pair<std::string, Index>> optimizer_updates = {};  ///< as Optimizer::updates
};

/// Its numbers as JSON, where the shortest decimal of a double reads back as the same double.
std::string state_text(const SavedState& state);

/// Its series, as two F64 tables with a row for each epoch and each point of the loss curve.
struct SeriesTables {
  /// Copies the history and the loss curve.
  explicit SeriesTables(const RunState& state);
  /// "checkpoint.history" and "checkpoint.loss_curve": views of these tables.
  std::vector<io::StoredTensor> tensors() const;

 private:
  std::vector<double> history_, loss_curve_;
};

/// Both back from a checkpoint. Error naming the file when it holds no such state, or one that contradicts
/// itself.
SavedState saved_state(const io::TensorFile& file);

/// The text of a checkpoint's metadata; Error where there is none, or one of more than 2 MiB.
const std::string& checkpoint_text(const io::TensorFile& file, const char* key);

}  // namespace fanin::train
