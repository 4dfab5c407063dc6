#pragma once
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <fanin/compare/grid.hpp>

namespace fanin::program {

/// Says each note of a scheme once, whichever run meets it first.
class SchemeNotes {
 public:
  /// From any thread.
  void tell(const std::string& scheme, const std::vector<std::string>& notes);
  void tell_once(const std::string& line);  ///< likewise
  /// From here on to somebody else, who says them; nobody: as before. Before or after all runs.
  void send_to(std::function<void(const std::string& line)> somebody);

 private:
  std::function<void(const std::string&)> somebody_;
  std::mutex mutex_;
  std::set<std::string> told_;
};

/// The model's weights by a scheme: drawn by a plan, or loaded by `warm(FILE, …)`. Schemes that are fitted to
/// data see what the run trains on and nothing else. Returns every parameter's initializer in full.
std::string draw(nn::Module& model, const compare::Scheme& scheme, std::uint64_t seed,
                 const data::Dataset& training, SchemeNotes& notes);

/// The weight files that a scheme names: of a warm start, and of rules that select from one.
std::vector<std::string> files_of(const compare::Scheme& scheme);
/// Their `checksums`, so that runs kept from older weights are not taken for those of these.
std::string content_of(const compare::Scheme& scheme);

/// Every text is tried on every model before the first run: a typo in the last scheme must not cost the hours
/// before it. No weights are drawn for it.
void require_startable(const compare::Grid& grid);

}  // namespace fanin::program
