#pragma once
#include <string>

namespace fanin::program {

/// Lists the initializers of another framework beside their texts here, of all for "all".
void list_elsewhere(const std::string& framework, bool json);

}  // namespace fanin::program
