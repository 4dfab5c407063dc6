#pragma once
#include <string>
#include <vector>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::start {

/// A replacement in names.
struct Rename {
  std::string pattern;      ///< ECMAScript regular expression, found anywhere in a saved name
  std::string replacement;  ///< with $1 … for its groups
};

/// Saved names become others in this order. Each part must change some name: Error (usage) otherwise.
struct Renaming {
  std::string strip_prefix{};    ///< taken off every name that has it
  std::vector<Rename> rename{};  ///< applied one after the other
  std::string add_prefix{};      ///< put before every name
};

/// The new names of the file's tensors, in its order. Error (usage) also for two that get the same.
std::vector<std::string> renamed(const io::TensorFile& file, const Renaming& renaming);

}  // namespace fanin::start
