// What a comparison costs rank 0, on the ranks that mpirun starts: all that the program's ranks do is done here by the
// program's own code, but for the runs: the other ranks sleep for as long as one is to take, and then send one that was
// made before. So dozens of them are as good on one machine as on machines of their own. Flags are those of compare. Rank 0
// prints a line of JSON: rank0_us is its processor time a run, by all its threads, from the first run that is handed out
// until the last is on the disk and told; handing_us is what of it the thread takes that hands out; start_us goes before
// (what is kept already?), and files_us afterwards (the report and results.json).
//   mpirun --oversubscribe -n 17 build/rank_bench compare --sleep 20 --jobs 1 --models lenet --seeds 4000 --out out/bench
#include <fmt/core.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include <fanin/compare/grid_messages.hpp>
#include <fanin/compare/outputs.hpp>
#include <fanin/compare/run_bytes.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>

#include "examples/fanin/compare_run.hpp"
#include "examples/fanin/launch.hpp"
#include "examples/guarded.hpp"

using namespace fanin;
using compare::Run;
using Clock = std::chrono::steady_clock;

namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// What a rank's runs are all said to have found: that of one which it makes, of the last seed, as those of the first
/// alone have pictures with them.
Run one_run(const program::Prepared& it) {
  Run run;
  compare::serve_grid(it.grid, it.data, [&](const auto& subjects, const data::Sets& sets) {
    const compare::Job job{&subjects.front(), &it.grid.schemes.front(), it.grid.seeds.back(),
                           compare::common_rate(it.grid, subjects.front())};
    const std::atomic<bool> interrupted{false};
    run = run_one(it.grid, job, sets, {}, interrupted);
  });
  return run;
}

/// Serves as the program's ranks do, but sleeps for as long as a run is to take in place of making it.
void sleep_for_runs(const RankGroup& ranks, const program::Prepared& it, double ms) {
  Run run = one_run(it);
  run.seconds = ms / 1000;
  const std::atomic<bool> interrupted{false};
  compare::RunServer server(ranks, it.grid, interrupted, [] {});
  const auto sleep = [&](const compare::Grid&, const compare::Job&, const data::Sets&,
                         const compare::GridProgress& progress, const std::atomic<bool>&) {
    const auto parts = std::max<std::size_t>(run.history.size(), 1);
    for (std::size_t i = 0; i < parts; ++i) {
      if (ms > 0)
        std::this_thread::sleep_for(
            std::chrono::duration<double, std::milli>(ms / static_cast<double>(parts)));
      if (progress.on_epoch && i < run.history.size())
        progress.on_epoch(run.model, run.scheme, run.seed, run.history[i]);
    }
    return run;
  };
  compare::serve_grid(it.grid, it.data, [&](const auto& subjects, const data::Sets& sets) {
    server.serve(subjects, sets, sleep);
  });
}

void hand_out(const RankGroup& ranks, program::Prepared& it, const program::CompareFlags& flags, double ms) {
  const std::size_t bytes = compare::run_bytes(one_run(it)).size();
  it.dealer = std::make_unique<compare::RunDealer>(
      ranks, 0, compare::RunDealer::Calls{.stop = program::interrupt, .note = {}, .log = {}});
  double handing = 0, seconds = 0, begun = 0;
  std::size_t runs = 0;
  it.grid.hand_out = [&](const compare::Assignment& all) {
    begun = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    const double before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    const auto begin = Clock::now();
    (*it.dealer)(all);
    seconds += std::chrono::duration<double>(Clock::now() - begin).count();
    handing += seconds_of(CLOCK_THREAD_CPUTIME_ID) - before;
    runs += all.jobs.size();
  };
  const double before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  program::make_runs(it, flags);
  const double made = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  { const program::Dismissal dismissal(it); }
  const double dismissed = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  compare::write_outputs(it.comparison, flags.out);
  const double written = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  const int workers = ranks.size - 1;
  const auto each = [&](double all) { return 1e6 * all / static_cast<double>(runs); };
  fmt::print(
      "{{\"workers\": {}, \"runs\": {}, \"ms\": {}, \"bytes\": {}, \"seconds\": {:.4f}, \"busy\": {:.4f}, "
      "\"rank0_us\": {:.2f}, \"handing_us\": {:.2f}, \"start_us\": {:.2f}, \"files_us\": {:.2f}}}\n",
      workers, runs, ms, bytes, seconds, static_cast<double>(runs) * ms / 1000 / (seconds * workers),
      each(made - begun), each(handing), each(begun - before), each(written - dismissed));
}

}  // namespace

int main(int argc, char** argv) {
  program::CompareFlags flags;
  double ms = 0;
  return guarded("rank_bench", "What handing out runs costs rank 0", [&](CLI::App& app) {
    CLI::App* command = program::add_compare_flags(app, flags);
    command->add_option("--sleep", ms, "milliseconds that a run takes")->required();
    const std::vector<std::string> words(argv, argv + argc);
    return program::launched(words, [&] {
      app.parse(argc, argv);
      const RankGroup* ranks = program::ranks();
      if (ranks == nullptr || ranks->size < 2) fail_usage("start it by mpirun, as two processes or more");
      const auto it = program::prepare(flags, program::command_line(*command, words));
      if (ranks->rank == 0)
        hand_out(*ranks, *it, flags, ms);
      else
        sleep_for_runs(*ranks, *it, ms);
      return 0;
    });
  });
}
