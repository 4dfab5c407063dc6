#pragma once
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fanin/io/stored_tensor.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/start/adapt.hpp>
#include <fanin/start/rename.hpp>

namespace fanin::start {

/// What to do with a saved tensor whose shape is not the model's, where no `AdaptRule` matches.
enum class Mismatch { error, skip };
const char* name_of(Mismatch mismatch);  ///< "error" or "skip"

/// Strict by default: every tensor of the model in the file and every one of the file in the model, in the
/// same shapes.
struct WarmStartOptions {
  /// @{
  /// Saved names become the model's in this order: a prefix is taken off, rules replace, a prefix is put
  /// before. Each must change some name: Error (usage) otherwise.
  std::string strip_prefix{};
  std::vector<Rename> rename{};
  std::string add_prefix{};
  /// @}

  /// Patterns (`init::covers`) of the model's names: left as they are, on both sides.
  std::vector<std::string> skip{};
  /// Parameters that the file lacks keep their values, or stay without any until `initialize` draws them;
  /// buffers stay.
  bool allow_missing = false;
  bool allow_unexpected = false;  ///< tensors of the file that the model lacks are left out
  /// Where shapes differ, and reorderings everywhere; the last rule that matches counts.
  std::vector<AdaptRule> adapt{};
  Mismatch on_shape_mismatch = Mismatch::error;  ///< where no rule of `adapt` matches
  /// NaN, infinities and doubles past float's range are loaded, and noted, not refused.
  bool allow_nonfinite = false;
  std::uint64_t seed = 0;  ///< of the draws that `Adapt::keep_rows` makes
};

/// What a warm start did, tensor by tensor.
struct WarmStartReport {
  /// What became of a tensor; `cast` was loaded from another dtype.
  enum class Status { loaded, cast, adapted, skipped, missing, unexpected };
  /// A tensor of the model, or of the file alone.
  struct Entry {
    Status status = Status::loaded;  ///< what became of it
    std::string name;                ///< the model's; for an unexpected tensor, the saved one as renamed
    std::string saved_name{};        ///< as the file has it; empty for a missing one
    std::string saved{};             ///< "F16 [10, 84]"; empty for a missing one
    std::string wanted{};            ///< "[10, 84]"; empty for an unexpected one
    std::string note{};  ///< how it was adapted, why skipped, what draws a missing one, which name is near
  };
  std::string path;            ///< of the file
  std::vector<Entry> entries;  ///< the model's tensors in its order, then the file's that it lacks

  std::size_t count(Status status) const;  ///< how many entries have that status
  std::string summary() const;             ///< "6 loaded, 1 cast, 1 adapted, 2 missing"
  /// A table, one line a tensor; within `width` columns where > 0.
  std::string to_string(int width = 0) const;
};
const char* name_of(WarmStartReport::Status status);  ///< "loaded", "cast", …
/// Writes `to_string()`.
std::ostream& operator<<(std::ostream& out, const WarmStartReport& report);

/// Copies a file's tensors into the model's parameters and buffers of the same names, and marks the
/// parameters as loaded, so that no later `initialize` draws them. All is checked before the first element
/// changes: after an Error, which tells how many tensors are in the way and names the first ones, the model
/// is as it was. torch.nn.Module.load_state_dict, with more ways to match.
WarmStartReport load_state_dict(nn::Module& model, const io::TensorFile& file,
                                const WarmStartOptions& options = {});

/// Writes the model's state dict, atomically, under the names PyTorch gives the same layers: as PyTorch does
/// where the file's name ends in .pth or .pt, as npz or npy (one tensor) where it ends so, else as safetensors,
/// which alone keep the metadata. Error for a parameter that has no values yet.
void save_model(const std::string& path, nn::Module& model,
                const std::map<std::string, std::string>& metadata = {},
                std::optional<io::DType> dtype = std::nullopt);

}  // namespace fanin::start
