#pragma once
#include <string>
#include <vector>

#include <fanin/core/expression.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::models {

/// What a model reads and how many classes it tells apart.
struct InputSpec {
  Index channels = 1, height = 28, width = 28;                  ///< of an image, in pixels
  int classes = 10;                                             ///< columns of the output
  Index features() const { return channels * height * width; }  ///< numbers that an image has
};

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
  nn::ModulePtr (*build)(const Options& options, const InputSpec& input);
};

/// Every family there is, in the order of `--help`.
const std::vector<ModelInfo>& registry();

/// The model of a text such as `mlp(hidden=256-128, activation=tanh)`, its parameters declared but not yet
/// drawn. Error (usage) for an unknown model or option, or a value that does not fit, with the position and
/// the nearest names.
nn::ModulePtr build(const std::string& text, const InputSpec& input);

}  // namespace fanin::models
