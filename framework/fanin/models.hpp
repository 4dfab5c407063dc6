#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <fanin/core/expression.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/io/stored_tensor.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::models {

/// What a model reads and how many classes it tells apart.
struct InputSpec {
  Index channels = 1, height = 28, width = 28;                  ///< of an image, in pixels
  int classes = 10;                                             ///< columns of the output
  Index features() const { return channels * height * width; }  ///< numbers that an image has
};
/// The images and classes of a data set.
InputSpec input_of(const data::Dataset& data);

/// A model family: a function from options to a Module. One file and one line in registry.cpp.
struct ModelInfo {
  std::string name;     ///< what its text begins with: "mlp"
  std::string summary;  ///< one line
  std::string example;  ///< a text that `build` takes
  /// One of its options, for `--help`.
  struct Option {
    /// What it is called, what it is when left out, and what it does.
    std::string name, fallback, meaning;
  };
  std::vector<Option> options;  ///< in the order of the positional arguments
  /// Makes the model for inputs [N, channels, height, width] and outputs [N, classes], its parameters
  /// declared but not yet drawn. Error (usage) for a value that does not fit.
  nn::ModulePtr (*build)(const CallOptions& options, const InputSpec& input);
};

/// Every family there is, in the order of `--help`.
const std::vector<ModelInfo>& registry();

/// The model of a text such as `mlp(hidden=256-128, activation=tanh)`, its parameters declared but not yet
/// drawn. Error (usage) for an unknown model or option, or a value that does not fit, with the position and
/// the nearest names.
nn::ModulePtr build(const std::string& text, const InputSpec& input);

/// What a saved model says of its origin, in the safetensors file's metadata.
struct ModelOrigin {
  std::string model;             ///< text for `build`
  std::string plan = "default";  ///< by which it, or what a warm start left, was drawn
  std::uint64_t seed = 0;        ///< of the draw and the training
  std::string normalization{};   ///< as asked for, `normalise(…)`; empty: the data set's own
  std::string warm_start{};      ///< the file it was fine-tuned from; empty: drawn as a whole
};

/// Saves the state dict as safetensors, with all that `open` needs to rebuild the model and to feed it: model
/// text, image size, classes and their names, the training data's mean and stddev, plan, seed and version.
/// Error for a file that cannot be written.
void save(const std::string& path, nn::Module& model, const ModelOrigin& origin,
          const data::Dataset& trained_on);
/// That, as a file's metadata: a checkpoint with it is a model file too.
std::map<std::string, std::string> metadata_of(const ModelOrigin& origin, const data::Dataset& trained_on);

/// A model as it was saved, ready to use.
struct SavedModel {
  nn::ModulePtr model;  ///< in training mode, as `build` makes it: `eval()` comes before predictions
  ModelOrigin origin;   ///< as its file says
  InputSpec input;      ///< images that it reads, and classes
  /// Without images: name, size, classes, class names, mean and stddev of what it was trained on.
  data::Dataset like;

  /// Whether the model can read this set's images; Error naming both sizes otherwise.
  void require_fit(const data::Dataset& data) const;
};

/// The model in a file that `save` or a checkpoint wrote. Error naming the file for one that neither did, or
/// with values that are not finite unless allowed. Nothing that the file says of itself is acted on but this:
/// a model no larger than the file's own tensors, its images' size, its normalization and the names of its
/// classes, each within limits.
SavedModel open(const std::string& path, bool allow_nonfinite = false);
/// That model as the file's metadata describe it, declared but without values.
SavedModel described(const io::TensorFile& file);
/// Builds a model of `text` from a file's word for other images or classes, where it may be larger by as much
/// as its first and last layers then are.
nn::ModulePtr build_like(const io::TensorFile& file, const std::string& text, const InputSpec& input);

/// What is allowed when initial values are drawn again. A file's own word opens no path and loads no data.
struct Redraw {
  /// The batch that data-dependent schemes are fitted to; `why` says which, for an Error. Empty: there is
  /// none.
  std::function<data::Batch(const SavedModel& described, const std::string& why)> fitting_batch{};
  bool open_paths_in_plan = false;  ///< the plan may name weight files, which are then opened
};

/// The parameters' values before training, drawn again from the model text, plan and seed in the file's
/// metadata. Error for a file that lacks them, whose parameters are not those of its model, or whose plan
/// wants what `allowed` does not give.
io::TensorFile initial_values(const io::TensorFile& file, const Redraw& allowed = {});

}  // namespace fanin::models
