#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include <fanin/core/real.hpp>

namespace fanin::start {

/// What is in the way of a load, gathered so that one Error tells all, with the flags of a command that would
/// remove it: of each tensor, and of all of its kind.
class Obstacles {
 public:
  /// One tensor's: what is wrong, the flags by which it alone is out of the way, and, where there is one, the
  /// flag for all of its kind.
  void add(const std::string& text, const std::string& flags, const char* flag_of_all = nullptr);
  /// What would remove them all, in place of the list.
  void resolve(std::string how);
  /// Error of the load from `path` unless there are none.
  void raise(const std::string& path) const;
  bool any() const { return count_ > 0; }  ///< whether one was added

 private:
  std::size_t count_ = 0;
  std::string first_, how_;
  std::set<std::string> of_all_;
};

/// What a flag of renaming replaces at the beginning of saved names, and by what: layers, each with its dot behind
/// it, or whole names.
struct NameChange {
  std::string from;  ///< the file's
  std::string to;    ///< the model's
};
/// The one under which `saved`, and all of the same layer where the last parts are equal, becomes `wanted`.
NameChange name_change(const std::string& saved, const std::string& wanted);

/// The flag that leaves a tensor out.
std::string skip_flag(const std::string& name);

/// The flags by which a saved tensor of another shape can be used, or left out.
std::string reshape_flags(const std::string& name, const std::vector<Index>& from,
                          const std::vector<Index>& to);
/// The flags by which a tensor that one side lacks is found under the other's name, or `left` is left out; the
/// model's names begin with `added` by another flag.
std::string other_name_flags(const std::string& saved, const std::string& wanted, const std::string& left,
                             const std::string& added);

}  // namespace fanin::start
