#pragma once
#include <map>
#include <string>

#include "framework/data/dataset.hpp"
#include "framework/io/stored_tensor.hpp"
#include "framework/nn/module.hpp"
#include "models/model.hpp"

namespace fanin::program {

/// What a saved model says of its origin, in the safetensors file's metadata.
struct ModelOrigin {
  std::string model;  ///< text for models::build
  std::string plan;   ///< initialization plan
  std::uint64_t seed = 0;
  std::string warm_start{};  ///< the file it was fine-tuned from; empty: drawn as a whole
};

/// All that `load_model` needs to rebuild a model and to feed it, as a file's metadata.
std::map<std::string, std::string> model_metadata(const ModelOrigin& origin, const Dataset& trained_on);

/// Saves the state dict, with all that `load_model` needs to rebuild the model and to feed it: model text, image size, classes
/// and their names, the training data's mean and stddev, plan, seed and version.
void save_trained(const std::string& path, nn::Module& model, const ModelOrigin& origin, const Dataset& trained_on);

/// A model as it was saved, ready to use.
struct LoadedModel {
  nn::ModulePtr model;
  ModelOrigin origin;
  models::InputSpec input;
  Dataset like;  ///< without images: name, size, classes, class names, mean and stddev of what it was trained on
};

/// Error naming the file for one that is not a model saved by `save_trained`.
LoadedModel load_model(const std::string& path);

/// The parameters' values before training, drawn again from the model text, plan and seed in the file's metadata. Error for
/// a file that lacks them, or whose parameters are not those of its model.
TensorFile initial_values(const TensorFile& file);

/// Whether the model can read this set's images; Error naming both sizes otherwise.
void require_fit(const LoadedModel& loaded, const Dataset& data);

}  // namespace fanin::program
