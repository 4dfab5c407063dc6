#pragma once
#include <cstddef>
#include <functional>

namespace fanin {

/// Calls `work(i)` once for each i below `count`, begun in that order, on up to `workers` threads of which
/// each computes on its own core alone. An exception keeps further jobs from beginning, and is thrown when
/// those at work have ended; so does `stopped`, which is asked before each job, but it throws nothing. Error,
/// before any job has begun, when the system refuses one of the workers.
void run_jobs(std::size_t count, int workers, const std::function<void(std::size_t)>& work,
              const std::function<bool()>& stopped = {});

}  // namespace fanin
