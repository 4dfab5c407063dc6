#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

#include <fanin/core/cores.hpp>

namespace fanin {
namespace {

/// The cores that a control group's quota pays for, read from `path` ("50000 100000", or "max 100000");
/// infinity when there is none.
double quota(const std::string& path) {
  std::ifstream file(path);
  double microseconds = 0, period = 0;
  return file >> microseconds >> period && microseconds > 0 && period > 0 ? microseconds / period : HUGE_VAL;
}

/// The least quota of the process's control group and those around it.
double least_quota() {
  double least = HUGE_VAL;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;  // the unified hierarchy
    for (std::string group = line.substr(3);; group.erase(group.rfind('/'))) {
      least = std::min(least, quota("/sys/fs/cgroup" + group + "/cpu.max"));
      if (group.empty()) break;
    }
  }
  return least;
}

}  // namespace

int cores_at_hand() {
  cpu_set_t mask;
  const bool known = ::sched_getaffinity(0, sizeof mask, &mask) == 0;  // not beyond 1024 cores
  const double allowed = known ? CPU_COUNT(&mask) : std::thread::hardware_concurrency();
  return std::max(1, static_cast<int>(std::min(std::ceil(least_quota()), allowed)));
}

}  // namespace fanin
