#include <algorithm>

#include <fanin/core/error.hpp>
#include <fanin/init/base.hpp>

namespace fanin::init {

OptionSpec base_option(const std::string& standard) {
  return {.name = "base", .standard = standard, .meaning = "the scheme that draws what this one adjusts"};
}

Initializer base_of(const Initializer& options) { return parse(options.word("base")); }

Draw draw_of_base(const Shape& shape, const Site& site, const Initializer& options) {
  return base_of(options).draw(shape, site);
}

std::optional<std::string> why_no_base(const SchemeInfo& scheme) {
  if (scheme.needs_data) return "a scheme that needs no data";
  const auto nests = [](const OptionSpec& option) { return option.name == "base"; };
  if (std::any_of(scheme.options.begin(), scheme.options.end(), nests))
    return fmt::format("a scheme that draws by itself, and '{}' adjusts another one's draw", scheme.name);
  return std::nullopt;
}

void check_base(const Initializer& options) {
  const Initializer base = base_of(options);
  if (const auto why = why_no_base(base.scheme()))
    fail("scheme '{}': base = {} must be {}", options.name(), base.to_string(), *why);
}

}  // namespace fanin::init
