#pragma once
#include <cstdint>

namespace fanin::datasets {

/// Gives up what decoding does not need, for the rest of this process's life: all open files but `kept` and
/// stderr, new files, new processes, core dumps, and with seccomp every system call but read, write, exit and
/// those of memory (never executable). Returns whether seccomp took hold; where the kernel knows none (qemu's
/// user mode, some containers) or the machine is neither x86-64 nor aarch64, the limits alone stand.
bool enter_sandbox(int kept);

/// The bytes of address space that this process has; 0 where /proc does not say.
std::uint64_t address_space();

/// Limits process `pid` to so much address space (0: as it is) and to so many more seconds of processor time.
/// A build for AddressSanitizer or ThreadSanitizer, whose address space is terabytes, limits the time alone.
void limit_process(int pid, std::uint64_t bytes, unsigned seconds);

}  // namespace fanin::datasets
