#include "examples/fanin/rename_flag.hpp"

#include <fanin/core/fail.hpp>

namespace fanin::program {

start::Rename parse_rename(const std::string& text) {
  const auto arrow = text.find("=>");
  if (arrow == std::string::npos || arrow == 0)
    fail_usage("--rename: '{}' must be as \"^encoder\\.=>\", regex=>text", text);
  return {text.substr(0, arrow), text.substr(arrow + 2)};
}

}  // namespace fanin::program
