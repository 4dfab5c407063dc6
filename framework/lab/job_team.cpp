#include "framework/lab/job_team.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "framework/core/parallel.hpp"

namespace fanin::lab {

void run_jobs(std::size_t count, int workers, const std::function<void(std::size_t)>& work,
              const std::function<bool()>& stopped) {
  std::mutex mutex;  // guards `failure`
  std::exception_ptr failure;
  std::atomic<bool> failed{false};
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
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
  std::vector<std::thread> team;
  for (std::size_t i = 0; i < std::min(count, static_cast<std::size_t>(std::max(workers, 0))); ++i)
    team.emplace_back(take);
  for (auto& one : team) one.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace fanin::lab
