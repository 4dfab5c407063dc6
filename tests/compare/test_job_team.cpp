// Jobs on several threads: all are done, and workers that the system refuses are an Error before any job
// begins.
#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include <fanin/core/fail.hpp>
#include <fanin/core/job_team.hpp>
#include <fanin/core/sanitizer.hpp>

#include "tests/message.hpp"

namespace fanin::lab {
namespace {

TEST_CASE("each job is done once, by however many workers, and a failing one is heard of") {
  for (const int workers : {1, 3, 8}) {
    CAPTURE(workers);
    std::atomic<int> done[20] = {};
    run_jobs(20, workers, [&](std::size_t i) { ++done[i]; });
    for (const auto& one : done) CHECK(one == 1);
    CHECK(message([&] {
            run_jobs(20, workers, [](std::size_t i) {
              if (i == 3) fail("job {}", i);
            });
          }) == "job 3");
  }
}

#if !FANIN_ASAN && !FANIN_TSAN
TEST_CASE("workers that the system refuses are an Error that names both numbers, and no job begins") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(30);
    // Room for a few stacks, not for twelve.
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, std::size_t{1} << 34);
    pthread_setattr_default_np(&attributes);
    const rlimit limit{std::size_t{1} << 36, std::size_t{1} << 36};
    ::setrlimit(RLIMIT_AS, &limit);
    std::atomic<int> begun{0};
    const std::string text = message([&] { run_jobs(12, 12, [&](std::size_t) { ++begun; }); });
    const bool named = holds(text, "cannot start 12 jobs") && holds(text, "the system gave 3 threads") &&
                       holds(text, "--jobs");
    ::_exit(named && begun == 0 ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}
#endif

}  // namespace
}  // namespace fanin::lab
