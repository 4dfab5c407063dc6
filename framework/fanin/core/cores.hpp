#pragma once

namespace fanin {

/// How many cores this process may compute on at once: those of the calling thread's affinity mask, and no
/// more than its control group's quota pays for. At least 1.
int cores_at_hand();

}  // namespace fanin
