#pragma once
#include <map>
#include <string>

#include <fanin/data/dataset.hpp>
#include <fanin/io/stored_tensor.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::program {

/// What a saved model says of its origin, in the safetensors file's metadata.
struct ModelOrigin {
  std::string model;  ///< text for models::build
  std::string plan;   ///< initialization plan
  std::uint64_t seed = 0;
  std::string normalisation{};  ///< as asked for, `normalise(…)`; empty: the data set's own
  std::string warm_start{};     ///< the file it was fine-tuned from; empty: drawn as a whole
};

/// All that `load_model` needs to rebuild a model and to feed it, as a file's metadata.
std::map<std::string, std::string> model_metadata(const ModelOrigin& origin, const data::Dataset& trained_on);

/// Saves the state dict, with all that `load_model` needs to rebuild the model and to feed it: model text,
/// image size, classes and their names, the training data's mean and stddev, plan, seed and version.
void save_trained(const std::string& path, nn::Module& model, const ModelOrigin& origin,
                  const data::Dataset& trained_on);

/// A model as it was saved, ready to use.
struct LoadedModel {
  nn::ModulePtr model;
  ModelOrigin origin;
  models::InputSpec input;
  /// Without images: name, size, classes, class names, mean and stddev of what it was trained on.
  data::Dataset like;
};

/// Error naming the file for one that is not a model saved by `save_trained`. Nothing that the file says of
/// itself is acted on but this: a model no larger than the file's own tensors, its images' size, its
/// normalisation and the names of its classes, each within limits.
LoadedModel load_model(const std::string& path, bool allow_nonfinite = false);

/// The model text in the file's metadata, checked to describe a model no larger than its tensors; usage Error
/// where there is none.
std::string described_text(const io::TensorFile& file);
/// Builds a model of that text for other images or classes, where it may be larger by as much as its first
/// and last layers then are.
nn::ModulePtr build_described(const io::TensorFile& file, const std::string& text,
                              const models::InputSpec& input);

/// What the user allows when initial values are drawn again. A file's own word opens no path and loads no
/// data.
struct Redraw {
  std::string fit_data{};           ///< the data set that schemes are fitted to; empty: none
  bool open_paths_in_plan = false;  ///< the plan may name weight files, which are then opened
};

/// The parameters' values before training, drawn again from the model text, plan and seed in the file's
/// metadata. Error for a file that lacks them, whose parameters are not those of its model, or whose plan
/// wants what `allowed` does not give.
io::TensorFile initial_values(const io::TensorFile& file, const Redraw& allowed = {});

/// The data set to load: `given` by the user, else the one that the file names, where that is the bare name
/// of a built-in set. Usage Error saying which flag to give otherwise.
std::string followed_data(const LoadedModel& loaded, const std::string& path, const std::string& given);

/// Whether the model can read this set's images; Error naming both sizes otherwise.
void require_fit(const LoadedModel& loaded, const data::Dataset& data);

}  // namespace fanin::program
