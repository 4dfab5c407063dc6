#pragma once
#include <optional>
#include <string>

#include <fanin/data/normalization.hpp>
#include <fanin/init/plan.hpp>
#include <fanin/start/shrink_perturb.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/train/finetune.hpp>

namespace fanin::data {
struct Batch;  // data/loader.hpp
}

namespace fanin::train {

/// A start from saved weights, as a value: which file, how its tensors are matched, which layer is new, and
/// how the whole is trained further. Text form, where every part but the file may be left out:
///
///     warm(FILE, key=state_dict_ema, head=fc3, keep_head=false, freeze=conv*+fc1, freeze_statistics=true,
///          lr_body=0.1, layer_decay=0.8, head_epochs=1, unfreeze_every=1, l2_sp=0.01, l2_head=0,
///          shrink=1, perturb=0, skip=GLOB+GLOB, adapt=RULE, strip_prefix=module., add_prefix=net.,
///          allow_missing=false, allow_unexpected=false, allow_nonfinite=false)
///
/// `freeze` and `skip` take several patterns joined by '+'; `adapt` names one rule (start/adapt.hpp) for
/// every tensor whose shape differs.
struct WarmStart {
  std::string file{};  ///< any that `io::read_tensor_file` reads, a checkpoint too
  std::string key{};   ///< of the dict in the file that holds the weights (`choose_dict`); empty: the model's
  start::WarmStartOptions matching{};  ///< how names and shapes meet; its seed is set by `start`
  /// Load the head too; otherwise it is drawn by the plan, or by its layer's own scheme.
  bool keep_head = false;
  /// Applied to all that was loaded but a head that was drawn; none: the weights stay as they are.
  std::optional<start::ShrinkPerturbOptions> shrink_perturb{};
  FineTune finetune{};  ///< its `head` says which layer is new
  double lr_body = 1;   ///< ≥ 0: learning rate of all but the head, as a share of the head's

  /// Error (usage) with the position for what does not parse.
  static WarmStart parse(const std::string& text);

  /// Loads the file into `model` and draws what the file does not give. `seed` is of those draws. Error as
  /// for `load_state_dict`, and for a head that matches nothing. `batch` is for a plan whose schemes are
  /// fitted to data.
  start::WarmStartReport start(nn::Module& model, std::uint64_t seed, const init::Plan& plan = {},
                               const data::Batch* batch = nullptr) const;
  /// What the file's model was fed with, so that it is trained on and tested under the same; empty for a file
  /// that does not say, or says it of another number of channels.
  data::Normalization normalization(Index channels) const;
  /// The fine-tuning plan with `lr_body` worked in, for TrainOptions.
  FineTune tuning(nn::Module& model) const;
};

/// Full names of the head's parameters: what `pattern` covers, or those of the last layer with a weight
/// matrix. Error (usage) when the pattern covers nothing.
std::vector<std::string> head_parameters(nn::Module& model, const std::string& pattern);

}  // namespace fanin::train
