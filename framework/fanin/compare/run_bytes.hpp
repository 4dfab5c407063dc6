#pragma once
#include <optional>
#include <string>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// A run as bytes for another process of this program, or for a later one of the same version: every bit of
/// every field, in a fraction of the time that JSON takes. They begin with a mark of what fields there are, and end
/// with a checksum.
std::string run_bytes(const Run& run);

/// Whether they begin with this version's mark.
bool are_of_a_run(std::string_view bytes);
/// Whether their checksum is that of what they hold, whatever that is.
bool are_whole(std::string_view bytes);

/// The run that `run_bytes` wrote; nothing for bytes that are not such a run's, or another version's.
std::optional<Run> run_from_bytes(std::string_view bytes);

}  // namespace fanin::compare
