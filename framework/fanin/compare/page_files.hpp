#pragma once
#include <string>
#include <string_view>

namespace fanin::compare {

/// @{
/// The report's style sheet and scripts (framework/fanin/compare/page/), which the linker carries inside the
/// program.
std::string_view page_style();
std::string page_script();
/// @}

}  // namespace fanin::compare
