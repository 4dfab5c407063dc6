#include <algorithm>
#include <atomic>
#include <exception>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <fanin/core/fail.hpp>
#include <fanin/core/job_team.hpp>
#include <fanin/core/parallel.hpp>

namespace fanin {

void run_jobs(std::size_t count, int workers, const std::function<void(std::size_t)>& work,
              const std::function<bool()>& stopped) {
  std::mutex mutex;  // guards `failure`
  std::exception_ptr failure;
  std::atomic<bool> failed{false};
  std::atomic<std::size_t> next{0};
  std::latch complete{1};  // no job begins before every worker is there
  const auto take = [&] {
    complete.wait();
    set_threads(1);
    while (!failed.load() && !(stopped && stopped())) {
      const std::size_t i = next.fetch_add(1);
      if (i >= count) return;
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        failed.store(true);
      }
    }
  };
  const std::size_t wanted = std::min(count, static_cast<std::size_t>(std::max(workers, 0)));
  std::vector<std::thread> team;
  std::string refusal;
  try {
    team.reserve(wanted);
    while (team.size() < wanted) team.emplace_back(take);
  } catch (const std::exception& error) {  // std::system_error, or std::bad_alloc
    refusal = error.what();
    failed.store(true);
  }
  complete.count_down();
  for (auto& one : team) one.join();
  if (!refusal.empty()) {
    fail(
        "cannot start {} jobs at once: the system gave {} threads ({}); ask for fewer with --jobs, or raise its limits (ulimit -u, ulimit -v)",
        wanted, team.size(), refusal);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace fanin
