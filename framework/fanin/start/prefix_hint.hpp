#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace fanin::start {

/// A change of prefix under which a file's names become a model's.
struct PrefixHint {
  std::string strip{}, add{};  ///< what is taken off every saved name, and then put before it
  std::size_t found = 0;       ///< names of the model that the file then has
  std::size_t left = 0;        ///< saved names that the model still lacks

  std::string flags() const;  ///< "--strip-prefix module. --allow-unexpected"
};

/// The changes of prefix under which the file has every name of the model that `needed` tells of (by its
/// index), the fewest left over first; at most three. `saved` leaves out what no model needs. No change is no
/// hint.
std::vector<PrefixHint> prefix_hints(const std::vector<std::string>& model,
                                     const std::vector<std::string>& saved,
                                     const std::function<bool(std::size_t)>& needed);

/// One sentence: "every saved name starts with 'module.'; without it all 10 fit: --strip-prefix module."
std::string to_string(const std::vector<PrefixHint>& hints);

}  // namespace fanin::start
