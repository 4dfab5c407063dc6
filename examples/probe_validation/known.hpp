#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fanin/probe/outlook.hpp>

#include "examples/probe_validation/pairs.hpp"

namespace fanin::probe_validation {

/// What became of a pair when it was trained.
struct Truth {
  double accuracy = 0;    ///< on the test set, 0..1; chance level for a run that diverged
  bool diverged = false;  ///< by the trainer's word
  /// Whether it trained.
  bool trains() const { return accuracy >= trained; }
};
/// Trains the pair.
Truth train(const Pair& pair);

/// What the probe sees of the pair's first steps.
probe::FirstSteps look(const Pair& pair);

/// Pairs of which something is known, by their keys.
template <class T>
using Known = std::map<std::string, T>;
/// @{
/// What a file holds, one pair a line; nothing where there is no file. Error for one that holds something
/// else.
Known<Truth> read_truth(const std::string& path);
Known<probe::FirstSteps> read_first_steps(const std::string& path);
/// @}
/// @{
/// Replaces a file, in the order of `all_pairs`.
void write(const std::string& path, const Known<Truth>& known);
void write(const std::string& path, const Known<probe::FirstSteps>& known);
/// @}

}  // namespace fanin::probe_validation
