#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include <fanin/io/folder_lock.hpp>
#include <fanin/train/checkpoint.hpp>

namespace fanin::train {

/// Saves a run as it goes, so that it can be interrupted at any moment and resumed to the same bits.
struct CheckpointOptions {
  std::string folder{};  ///< made if needed; empty: no checkpoints
  /// Steps between two; 0: after each epoch. One more when the run ends or is stopped.
  Index every_steps = 0;
  int keep = 3;            ///< only the newest so many stay, ≥ 1; "best.safetensors" beside them
  bool keep_best = false;  ///< "best.safetensors" is the checkpoint after the best epoch
  /// Go on from the newest one, if there is any; otherwise a folder that has one is an Error.
  bool resume = false;
  bool follow = false;                            ///< goes on as another process does, which saves
  std::map<std::string, std::string> metadata{};  ///< of the files; must be the same on resume
  /// What the files say besides of how the run was made: its own line and settings, of which some may change.
  /// "cpu" and "isa" name every machine that it ran on.
  std::map<std::string, std::string> provenance{};
  std::function<void(const std::string& notice)> on_notice = {};  ///< where a run starts from, and why
};

/// What the files of a run that begins here say beside the run itself.
std::map<std::string, std::string> metadata_of(const CheckpointOptions& options);

/// The folder of one run's checkpoints: "step-00001200.safetensors", …, "best.safetensors". It is locked as
/// long as this lives, so that two processes never save into it, or clear it up, at once.
class CheckpointFolder {
 public:
  /// Makes the folder. Error when another process has it; Error (usage) for bad options, or checkpoints that
  /// are there although `resume` is not asked for. `works` says whether a checkpoint's weights are worth
  /// going on from. `options` must outlive the folder.
  CheckpointFolder(const CheckpointOptions& options, SettingTexts settings,
                   std::function<bool(const io::TensorFile&)> works);

  /// Puts the newest whole checkpoint back, if there is one, and says so. One that is damaged is passed over
  /// for the one before it, which leads to the same end; Error when all are. Error as for
  /// `restore_checkpoint`. False where there is none.
  bool resume(const RunParts& run);
  /// Saves the run, and removes what `keep` no longer covers.
  void save(const RunParts& run);
  /// Saves the run as "best.safetensors" in place of the one before.
  void save_best(const RunParts& run);
  /// The path of the newest checkpoint whose weights work, the best epoch's among them; empty when there is
  /// none.
  std::string newest_that_works() const;
  /// What the files say beside the run itself: its metadata and provenance.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  std::map<Index, std::string> checkpoints() const;  // step → path
  void tell(const std::string& notice) const;

  void add_machines(const io::TensorFile& earlier);

  const CheckpointOptions& options_;
  std::map<std::string, std::string> metadata_;
  SettingTexts settings_;
  std::function<bool(const io::TensorFile&)> works_;
  std::optional<io::FolderLock> lock_;
};

}  // namespace fanin::train
