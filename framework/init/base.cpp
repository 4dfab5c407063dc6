#include "framework/init/base.hpp"

#include "framework/core/error.hpp"

namespace fanin::init {

OptionSpec base_option(const std::string& standard) {
  return {.name = "base", .standard = standard, .meaning = "the scheme that draws what this one adjusts"};
}

Initializer base_of(const Initializer& options) { return parse(options.word("base")); }

void check_base(const Initializer& options) {
  const Initializer base = base_of(options);
  if (base.scheme().needs_data)
    fail("scheme '{}': base = {} must be a scheme that needs no data", options.name(), base.to_string());
}

}  // namespace fanin::init
