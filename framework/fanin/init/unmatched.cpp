#include <algorithm>

#include <fanin/init/pattern.hpp>
#include <fanin/init/unmatched.hpp>

namespace fanin::init {

std::optional<std::string> unmatched(std::string_view patterns, std::span<const std::string> names) {
  const auto all = split_patterns(patterns);
  if (all.empty()) return std::string(patterns);
  const auto idle = std::find_if(all.begin(), all.end(), [&](std::string_view one) {
    return std::none_of(names.begin(), names.end(),
                        [&](const std::string& name) { return covers(one, name); });
  });
  if (idle == all.end()) return std::nullopt;
  return std::string(*idle);
}

}  // namespace fanin::init
