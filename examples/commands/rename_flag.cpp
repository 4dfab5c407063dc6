#include "examples/commands/rename_flag.hpp"

#include "framework/core/error.hpp"

namespace fanin::program {

Rename parse_rename(const std::string& text) {
  const auto arrow = text.find("=>");
  if (arrow == std::string::npos || arrow == 0)
    fail_usage("--rename: '{}' must be as \"^encoder\\.=>\", regex=>text", text);
  return {text.substr(0, arrow), text.substr(arrow + 2)};
}

}  // namespace fanin::program
