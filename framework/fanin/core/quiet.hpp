#pragma once

namespace fanin {

/// From here on `note` and `say` say nothing (console.hpp): another process of the same work says it.
void keep_quiet(bool quiet = true);

}  // namespace fanin
