#pragma once
#include <string>
#include <vector>

#include "examples/fanin/json_printer.hpp"

namespace fanin::program {

/// How predictions are written on stdout.
enum class PredictionForm { text, csv, json };
PredictionForm prediction_form(const std::string& name);  ///< Error (usage) for a name that is none
std::vector<std::string> prediction_forms();              ///< the names

/// A class that a model gives an image.
struct RankedClass {
  int index = 0;           ///< of the model's classes
  std::string name{};      ///< "shirt"
  double probability = 0;  ///< the softmax of the model's outputs
};

/// Writes each image's line, rows or object as soon as it is known.
class PredictionOutput {
 public:
  /// Writes what stands before the first.
  explicit PredictionOutput(PredictionForm form);
  /// The classes of one image, the most probable first.
  void add(const std::string& image, const std::vector<RankedClass>& classes);
  /// An image that could not be read; the message names it.
  void add_unread(const std::string& image, const std::string& message);
  /// Writes what stands behind the last.
  void end();

 private:
  PredictionForm form_;
  JsonPrinter json_;
};

}  // namespace fanin::program
