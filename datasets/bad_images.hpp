#pragma once
#include <string>
#include <vector>

#include <fanin/core/shape.hpp>

namespace fanin::datasets {

/// Images that cannot be read, gathered so that all are named at once.
struct BadImages {
  Index count = 0, tried = 0;              ///< bad ones, among so many
  std::vector<std::string> messages = {};  ///< of the first hundred
  bool skipped = false;                    ///< the others are wanted, however many these are

  /// One more, and why.
  void add(const std::string& message);
  /// Those of another part too.
  void merge(const BadImages& others);
  /// The first messages, and how many more there are.
  std::string summary() const;
  /// Error with the summary and `advice`, where there is one at all.
  void require_none(const std::string& advice) const;
};

}  // namespace fanin::datasets
