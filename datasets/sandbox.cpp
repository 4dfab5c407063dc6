#include "datasets/sandbox.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <vector>

#include <fanin/core/sanitizer.hpp>

namespace fanin::datasets {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t architecture = 0;
#endif

sock_filter load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}
sock_filter answer(std::uint32_t action) { return {BPF_RET | BPF_K, 0, 0, action}; }
/// Skips so many instructions when the loaded word compares so with `value`.
sock_filter jump(int comparison, std::uint32_t value, std::uint8_t when_true, std::uint8_t when_false) {
  return {static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K), when_true, when_false, value};
}

/// AddressSanitizer gives its signal stack back at the end of a process, and aborts where that is refused.
#if FANIN_ASAN
constexpr int at_exit_call = SYS_sigaltstack;
#else
constexpr int at_exit_call = SYS_exit;
#endif

bool forbid_system_calls() {
  if (architecture == 0) return false;
  const std::uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
  std::vector<sock_filter> program = {load(offsetof(seccomp_data, arch)), jump(BPF_JEQ, architecture, 1, 0),
                                      answer(SECCOMP_RET_KILL_PROCESS), load(offsetof(seccomp_data, nr))};
  // What malloc and the unwinder of exceptions call, besides the three.
  for (const long allowed : {SYS_read, SYS_write, SYS_exit, SYS_exit_group, SYS_brk, SYS_munmap, SYS_mremap,
                             SYS_madvise, SYS_futex, SYS_rt_sigreturn, at_exit_call}) {
    program.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(allowed), 0, 1));
    program.push_back(answer(SECCOMP_RET_ALLOW));
  }
  for (const long memory : {SYS_mmap, SYS_mprotect}) {
    program.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(memory), 0, 4));
    program.push_back(load(offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t)));
    program.push_back(jump(BPF_JSET, PROT_EXEC, 0, 1));
    program.push_back(answer(refuse));
    program.push_back(answer(SECCOMP_RET_ALLOW));
  }
  program.push_back(answer(refuse));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// Closes descriptors `first` to `last`, one by one where the kernel cannot do it at once.
void close_between(int first, int last) {
  if (first > last) return;
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, last, 0) == 0) return;
#endif
  const long most = sysconf(_SC_OPEN_MAX);
  for (int one = first; one <= last && one < (most > 0 ? most : 65536); ++one) close(one);
}

}  // namespace

bool enter_sandbox(int kept) {
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing >= 0) {
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
  }
  close_between(STDERR_FILENO + 1, kept - 1);
  close_between(kept + 1, std::numeric_limits<int>::max());
  const rlimit none{0, 0};
  for (const auto what : {RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_NPROC}) setrlimit(what, &none);
  return forbid_system_calls();
}

std::uint64_t address_space() {
  unsigned long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%lu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

namespace {

/// The soft limit alone, so that the next image may have another; the process cannot change it itself.
template <class Resource>
void limit_softly(int pid, Resource what, rlim_t value) {
  rlimit limit{};
  if (prlimit(pid, what, nullptr, &limit) != 0) return;
  limit.rlim_cur = std::min(value, limit.rlim_max);
  prlimit(pid, what, &limit, nullptr);
}

}  // namespace

void limit_process(int pid, std::uint64_t bytes, unsigned seconds) {
#if FANIN_ASAN || FANIN_TSAN
  bytes = 0;
#endif
  if (bytes > 0) limit_softly(pid, RLIMIT_AS, bytes);
  clockid_t clock;
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &used) == 0)
    limit_softly(pid, RLIMIT_CPU, static_cast<rlim_t>(used.tv_sec) + seconds + 1);
}

}  // namespace fanin::datasets
