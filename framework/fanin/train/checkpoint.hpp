#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fanin/io/stored_tensor.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/train/finetune.hpp>
#include <fanin/train/run_state.hpp>

namespace fanin::train {

/// Everything that changes while a run goes on, where it lives: what a checkpoint saves and puts back.
struct RunParts {
  nn::Module& model;            ///< parameters, buffers, the generators of its layers
  optim::Optimizer& optimizer;  ///< its moments and counters
  FineTuning& tuning;           ///< what L2-SP pulls to
  RunState& state;              ///< how far it has come
  /// Copy of the state dict at the best epoch; may be empty.
  std::vector<std::pair<std::string, Tensor>>& best;
};

/// What must be the same on resume for the run to go on as if never interrupted: (name, value), in the order
/// in which a difference is reported.
using SettingTexts = std::vector<std::pair<std::string, std::string>>;

/// Writes a checkpoint, atomically: one safetensors file that is a model file — the state dict under its own
/// names, with `metadata` — and holds the rest of the run in tensors and metadata named "checkpoint.…", with
/// a checksum over all. Error naming the path that cannot be written.
void save_checkpoint(const std::string& path, const RunParts& run, const SettingTexts& settings,
                     const std::map<std::string, std::string>& metadata = {});

/// A checkpoint whose checksum is right; Error naming the file and what is wrong otherwise.
io::TensorFile read_checkpoint(const std::string& path);

/// Puts a checkpoint back. All is checked before anything changes. Error (usage) naming the first setting or
/// metadata that differs; Error for a file that does not fit the model.
void restore_checkpoint(const io::TensorFile& file, const RunParts& run, const SettingTexts& settings,
                        const std::map<std::string, std::string>& metadata = {});

/// The model alone: a checkpoint's parameters and buffers. Error, and nothing changes, for a file that does
/// not fit it.
void read_model(const io::TensorFile& file, nn::Module& model);

/// Whether it holds a run, of whatever format.
bool is_checkpoint(const io::TensorFile& file);
/// Leaves of a checkpoint the model alone, the tensors and metadata that `save_model` would have written; of
/// another file, all.
void drop_training_state(io::TensorFile& file);

}  // namespace fanin::train
