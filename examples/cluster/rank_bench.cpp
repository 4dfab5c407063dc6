// What handing out costs: a grid whose runs only sleep, on the ranks that mpirun starts. Rank 0 hands out, keeps what
// comes back in a journal on the disk, and prints a line of JSON: how long it took, and what of it was its own work.
//   mpirun --oversubscribe -n 9 build/rank_bench compare 4000 20    4000 runs of 20 ms on 8 ranks, and rank 0
// With runs of 0 ms nobody waits for a run: a run's seconds are then what handing out, sending and keeping one takes,
// and handing_us and writing_us what processor time of rank 0 that is, by its two threads.
#include <fmt/core.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <fanin/compare/grid_messages.hpp>
#include <fanin/compare/grid_ranks.hpp>
#include <fanin/compare/run_bytes.hpp>
#include <fanin/compare/run_journal.hpp>
#include <fanin/core/fail.hpp>

#include "examples/fanin/launch.hpp"
#include "examples/guarded.hpp"

using namespace fanin;
using compare::Run;
using Clock = std::chrono::steady_clock;

namespace {

/// As much as a run of a small network has to say, or with images of so many bytes of its first weights besides.
Run as_large_as_runs_are(std::size_t images) {
  Run run{.model = "lenet", .scheme = "default", .plan = std::string(400, 'p')};
  for (int i = 0; i < 100; ++i) run.loss_curve.emplace_back(i, 0.1 * i);
  for (int i = 0; i < 10; ++i)
    run.parameters.push_back({.name = "conv1.weight",
                              .shape = {6, 1, 5, 5},
                              .before = {.counts = std::vector<Index>(40)},
                              .after = {.counts = std::vector<Index>(40)}});
  run.filters.before.resize(images / sizeof(float) / 2);
  run.filters.after.resize(run.filters.before.size());
  return run;
}

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void sleep_for_runs(const Ranks& ranks, double ms, std::size_t images) {
  const std::string finished = compare::run_bytes(as_large_as_runs_are(images));
  compare::send(ranks, 0, compare::at_work, compare::message_of(1));
  while (true) {
    const auto one = ranks.waiting();
    if (!one) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      continue;
    }
    const std::string message = compare::receive(ranks, *one);
    if (one->tag == compare::go_home) return compare::send(ranks, 0, compare::gone);
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(ms));
    const auto job = compare::value_in<compare::RunWanted>(message).job;
    compare::send(ranks, 0, compare::run_made,
                  finished + compare::message_of(compare::RunMade{.job = job, .seconds = ms / 1000}));
  }
}

void hand_out(const Ranks& ranks, std::size_t runs, double ms, std::size_t images) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("rank_bench.{}", ::getpid());
  std::filesystem::create_directories(folder);
  const std::vector<compare::Subject> subjects(1);
  const std::vector<compare::Scheme> schemes = compare::parse_schemes("default");
  const std::vector<compare::Job> jobs(runs, compare::Job{&subjects[0], &schemes[0], 0, 0.1});
  std::vector<std::optional<Run>> found(runs);  // as a grid keeps them
  std::size_t kept = 0;
  double writing = 0;
  compare::RunDealer dealer(ranks, 0, {});
  const auto begin = Clock::now();
  const double before = thread_seconds();
  double handing = 0;
  {
    compare::RunJournal journal((folder / "journal").string(), true);
    dealer({jobs,
            subjects,
            schemes.data(),
            {1.0},
            {},
            [](std::size_t) { return Run{}; },
            [&](std::size_t, std::string& bytes, bool) {
              journal.append("a run", bytes, [&](std::string_view run) {
                found[kept++] = compare::run_from_bytes(run);
                writing = thread_seconds();
              });
            },
            [] { return false; }});
    handing = thread_seconds() - before;
    journal.flush();
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  dealer.dismiss();
  std::filesystem::remove_all(folder);
  const int workers = ranks.size - 1;
  fmt::print(
      "{{\"workers\": {}, \"runs\": {}, \"ms\": {}, \"bytes\": {}, \"seconds\": {:.4f}, \"busy\": {:.4f}, "
      "\"handing_us\": {:.2f}, \"writing_us\": {:.2f}}}\n",
      workers, runs, ms, compare::run_bytes(as_large_as_runs_are(images)).size(), seconds,
      static_cast<double>(runs) * ms / 1000 / (seconds * workers), 1e6 * handing / static_cast<double>(runs),
      1e6 * writing / static_cast<double>(runs));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("What handing out runs costs", "rank_bench");
  std::size_t runs = 0;
  double ms = 0;
  std::size_t images = 1200;  // 6 filters of 5 × 5, before and after
  return guarded(app, [&] {
    CLI::App* command = app.add_subcommand("compare", "a grid whose runs sleep");
    command->add_option("runs", runs, "how many")->required();
    command->add_option("ms", ms, "how long each sleeps")->required();
    command->add_option("images", images, "bytes of the first weights' images in each");
    return program::launched({argv, argv + argc}, [&] {
      app.parse(argc, argv);
      const Ranks* ranks = program::ranks();
      if (ranks == nullptr || ranks->size < 2) fail_usage("start it by mpirun, as two processes or more");
      if (ranks->rank == 0)
        hand_out(*ranks, runs, ms, images);
      else
        sleep_for_runs(*ranks, ms, images);
      return 0;
    });
  });
}
