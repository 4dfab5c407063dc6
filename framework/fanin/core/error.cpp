#include <fmt/ranges.h>

#include <fanin/core/fail.hpp>
#include <fanin/core/nearest.hpp>

namespace fanin {

std::string suggest(const std::string& name, const std::vector<std::string>& known) {
  std::vector<std::string> names = nearest(name, known);
  for (std::string& one : names) one = "'" + one + "'";
  if (!names.empty()) return fmt::format("; did you mean {}?", fmt::join(names, " or "));
  return known.empty() ? std::string() : fmt::format("; known: {}", fmt::join(known, ", "));
}

void fail_unknown(const std::string& kind, const std::string& name, const std::vector<std::string>& known) {
  fail_usage("unknown {} '{}'{}", kind, name, suggest(name, known));
}

}  // namespace fanin
