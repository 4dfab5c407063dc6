#pragma once
#include <string>

#include <fanin/start/rename.hpp>

namespace fanin::program {

constexpr const char* rename_help =
    "'regex=>text', found anywhere in a saved name, with $1 for groups; may be repeated";
/// The value of one --rename; usage Error for a text without an arrow.
start::Rename parse_rename(const std::string& text);

}  // namespace fanin::program
