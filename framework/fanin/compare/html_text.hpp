#pragma once
#include <string>

namespace fanin::compare {

/// `text` as HTML or XML text, or as a quoted attribute's value.
std::string html_escape(const std::string& text);

}  // namespace fanin::compare
