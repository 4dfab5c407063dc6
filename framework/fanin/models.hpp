#pragma once
#include <string>
#include <vector>

#include <fanin/core/expression.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::models {

/// What a model reads and how many classes it tells apart.
struct InputSpec {
  Index channels = 1, height = 28, width = 28;
  int classes = 10;
  Index features() const { return channels * height * width; }
};

/// A model family: a function from options to a Module. One file and one line in registry.cpp.
struct ModelInfo {
  std::string name;
  std::string summary;  ///< one line
  std::string example;  ///< a text that `build` takes
  struct Option {
    std::string name, fallback, meaning;
  };
  std::vector<Option> options;
  nn::ModulePtr (*build)(const Options& options, const InputSpec& input);
};

const std::vector<ModelInfo>& registry();

/// The model of a text such as `mlp(hidden=256-128, activation=tanh)`, its parameters declared but not yet
/// drawn. Error (usage) for an unknown model or option, or a value that does not fit, with the position and
/// the nearest names.
nn::ModulePtr build(const std::string& text, const InputSpec& input);

}  // namespace fanin::models
