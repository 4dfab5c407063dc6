#pragma once
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <vector>

/// The exit code of a process in which the kernel refuses to take seccomp filters, as under qemu and in some
/// containers, and `close_range`, as before Linux 5.9; a filter of our own says so. 255 where it cannot be set.
inline int code_where_calls_are_refused(const std::function<int()>& code) {
  const pid_t child = fork();
  if (child == 0) {
    const auto load = [](std::size_t offset) {
      return sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
    };
    const auto skip_unless = [](long value, std::uint8_t count) {
      return sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, count, static_cast<std::uint32_t>(value)};
    };
    const auto answer = [](std::uint32_t action) { return sock_filter{BPF_RET | BPF_K, 0, 0, action}; };
    std::vector<sock_filter> program = {load(offsetof(seccomp_data, nr)),   skip_unless(SYS_seccomp, 1),
                                        answer(SECCOMP_RET_ERRNO | EINVAL), skip_unless(SYS_close_range, 1),
                                        answer(SECCOMP_RET_ERRNO | ENOSYS), skip_unless(SYS_prctl, 3),
                                        load(offsetof(seccomp_data, args)), skip_unless(PR_SET_SECCOMP, 1),
                                        answer(SECCOMP_RET_ERRNO | EINVAL), answer(SECCOMP_RET_ALLOW)};
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
      _exit(255);
    _exit(code());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
