#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <thread>

#include <fanin/compare/grid_messages.hpp>
#include <fanin/compare/grid_ranks.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/compare/run_bytes.hpp>
#include <fanin/compare/run_journal.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/datasets.hpp>

#include "tests/compare/rank_threads.hpp"
#include "tests/compare/small_grid.hpp"
#include "tests/io/scratch.hpp"

using namespace fanin;
using compare::Grid;
using compare::Run;

namespace {

const data::Sets& samples() {
  static const data::Sets splits = datasets::load_sets("synthetic(count=200)");
  return splits;
}

std::string timeless(Run run) {
  run.seconds = run.samples_per_s = 0;
  for (auto& epoch : run.history) epoch.seconds = 0;
  return compare::run_bytes(run);
}

std::vector<std::string> timeless(const std::vector<Run>& runs) {
  std::vector<std::string> all;
  for (const auto& run : runs) all.push_back(timeless(run));
  return all;
}

/// The grid as made by so many ranks, which are threads here.
compare::GridResult made_by(int count, Grid grid, const compare::GridProgress& progress = {},
                            std::atomic<bool>* stop = nullptr) {
  RankThreads threads(count);
  std::atomic<bool> none{false};
  std::atomic<bool>& interrupted = stop ? *stop : none;
  std::vector<std::thread> others;
  for (int rank = 1; rank < count; ++rank) {
    others.emplace_back([&, rank, own = grid] {
      const RankGroup ranks = threads.of(rank);
      std::atomic<bool> stopped{false};
      compare::RunServer server(ranks, own, stopped, [&stopped] { stopped = true; });
      compare::serve_grid(own, samples(), [&](const auto& subjects, const data::Sets& sets) {
        server.serve(subjects, sets);
      });
    });
  }
  const RankGroup ranks = threads.of(0);
  compare::RunDealer dealer(ranks, grid.jobs, {});
  grid.hand_out = [&dealer](const compare::Assignment& all) { dealer(all); };
  struct Home {
    compare::RunDealer& dealer;
    std::vector<std::thread>& others;
    ~Home() {
      dealer.dismiss();
      for (auto& one : others) one.join();
    }
  } const home{dealer, others};
  return compare::run_grid(grid, samples(), progress, interrupted);
}

compare::GridResult made_here(const Grid& grid) {
  const std::atomic<bool> interrupted{false};
  return compare::run_grid(grid, samples(), {}, interrupted);
}

Grid three_schemes(int epochs = 1) {
  return small_grid({{"default", "default"}, {"xavier_normal", "xavier_normal"}, {"zeros", "zeros"}}, {0, 1},
                    epochs);
}

}  // namespace

TEST_CASE("grid by ranks: the same bits as one process gives, whatever the number of ranks") {
  Grid grid = three_schemes();
  grid.models = {"mlp(hidden=16)", "lenet"};
  const auto alone = made_here(grid);
  REQUIRE(alone.runs.size() == 12);
  for (const int ranks : {1, 2, 4, 8}) {
    CAPTURE(ranks);
    grid.jobs = 1 + ranks % 3;
    CHECK(timeless(made_by(ranks, grid).runs) == timeless(alone.runs));
  }
}

TEST_CASE("grid by ranks: rates are tuned, and seeds added, as one process does") {
  Grid grid = three_schemes();
  grid.tune = true;
  grid.until = 0.02;
  grid.seeds = {0, 1, 2, 3, 4, 5, 6, 7};
  grid.training.validation = 0.2;
  const auto alone = made_here(grid), shared = made_by(3, grid);
  CHECK(timeless(shared.runs) == timeless(alone.runs));
  CHECK(timeless(shared.tuning) == timeless(alone.tuning));
  CHECK(shared.facts == alone.facts);
}

TEST_CASE("grid by ranks: what is finished is on the disk when it is told, and taken by any later grid") {
  const Scratch scratch;
  Grid grid = three_schemes();
  // Many, for the second is told when the disk has it, and runs go on meanwhile.
  for (std::uint64_t seed = 0; seed < 16; ++seed) grid.seeds.push_back(100 + seed);
  const std::size_t all = 3 * grid.seeds.size();
  grid.directory = scratch / "out";
  std::atomic<bool> stop{false};
  std::size_t told = 0;
  const auto some = made_by(2, grid,
                            {.on_run =
                                 [&](const Run&, int, int, bool reused) {
                                   CHECK_FALSE(reused);
                                   if (++told == 2) stop = true;
                                 }},
                            &stop);
  CHECK(some.runs.size() >= 2);
  CHECK(some.runs.size() < all);
  std::size_t taken = 0, made = 0;
  const std::atomic<bool> interrupted{false};
  const auto whole = compare::run_grid(
      grid, samples(), {.on_run = [&](const Run&, int, int, bool reused) { ++(reused ? taken : made); }},
      interrupted);
  CHECK(taken == some.runs.size());
  CHECK(taken + made == all);
  Grid elsewhere = grid;
  elsewhere.directory = scratch / "elsewhere";
  CHECK(timeless(whole.runs) == timeless(made_here(elsewhere).runs));
}

TEST_CASE("grid by ranks: every epoch is told where somebody listens, whoever made it") {
  const Grid grid = three_schemes(2);
  std::multiset<std::string> here, shared;
  const auto into = [](std::multiset<std::string>& all) {
    return compare::GridProgress{
        .on_epoch = [&all](const auto& model, const auto& scheme, std::uint64_t seed, const auto& record) {
          all.insert(fmt::format("{} {} {} {} {}", model, scheme, seed, record.epoch, record.test_accuracy));
        }};
  };
  const std::atomic<bool> interrupted{false};
  compare::run_grid(grid, samples(), into(here), interrupted);
  made_by(3, grid, into(shared));
  CHECK(here.size() == 12);
  CHECK(shared == here);
}

TEST_CASE("grid by ranks: a run that fails is recorded, a usage Error ends the grid") {
  Grid grid = three_schemes();
  const auto build = grid.build;
  grid.initialize = [draw = grid.initialize](nn::Module& model, const compare::Scheme& scheme,
                                             std::uint64_t seed, const data::Dataset& data) {
    if (scheme.label == "zeros" && seed == 1) fail("no such luck");
    return draw(model, scheme, seed, data);
  };
  const auto found = made_by(3, grid);
  REQUIRE(found.runs.size() == 6);
  CHECK(found.runs[5].status == compare::Status::failed);
  CHECK(found.runs[5].message == "no such luck");
  grid.initialize = [](nn::Module&, const compare::Scheme&, std::uint64_t,
                       const data::Dataset&) -> std::string { fail_usage("mistyped"); };
  CHECK_THROWS_WITH_AS(made_by(3, grid), "mistyped", Error);
}

TEST_CASE("run bytes: every bit comes back, and nothing that is not a run's is taken for one") {
  Run run = made_here(three_schemes()).runs.front();
  REQUIRE(!run.parameters.empty());
  const Index most = std::numeric_limits<Index>::max(), least = std::numeric_limits<Index>::min();
  run.steps = least;
  run.diverged_step = most;
  run.parameters[0].shape = {0, 1, -1, 63, 64, -64, -65, 1 << 20, most, least, most - 1, least + 1};
  const std::string bytes = compare::run_bytes(run);
  const auto back = compare::run_from_bytes(bytes);
  REQUIRE(back);
  CHECK(compare::run_bytes(*back) == bytes);
  CHECK(back->steps == run.steps);
  CHECK(back->diverged_step == run.diverged_step);
  CHECK(back->parameters[0].shape == run.parameters[0].shape);
  CHECK(compare::run_json(*back) == compare::run_json(run));
  CHECK_FALSE(compare::run_from_bytes(""));
  CHECK_FALSE(compare::run_from_bytes(bytes + "x"));
  for (std::size_t length = 0; length < bytes.size(); length += 97)
    CHECK_FALSE(compare::run_from_bytes(bytes.substr(0, length)));
  std::string other = bytes;
  other[3] = static_cast<char>(other[3] ^ 1);  // another version's fields
  CHECK_FALSE(compare::run_from_bytes(other));
  Run torn = run;  // pictures that their sizes do not describe
  torn.filters = {.name = "w", .count = 1, .height = 2, .width = 2, .before = {1, 2, 3, 4}, .after = {1}};
  CHECK_FALSE(compare::run_from_bytes(compare::run_bytes(torn)));
  torn.filters = {.count = 1, .height = (Index{1} << 62) + 1, .width = 4, .before = {1, 2, 3, 4}};
  CHECK_FALSE(compare::run_from_bytes(compare::run_bytes(torn)));
  other = bytes;
  other[bytes.size() / 2] = static_cast<char>(other[bytes.size() / 2] ^ 1);  // damaged on its way
  CHECK(compare::are_of_a_run(other));
  CHECK_FALSE(compare::are_whole(other));
  CHECK_FALSE(compare::run_from_bytes(other));
}

TEST_CASE("run journal: what was cut short or damaged is passed over, all else is found") {
  const Scratch scratch;
  const std::string path = scratch / "journal";
  Run run = made_here(three_schemes()).runs.front();
  std::vector<std::string> notices;
  const auto keep = [&](int from, int to) {
    compare::RunJournal journal(path, true, [&](const std::string& notice) { notices.push_back(notice); });
    for (int i = from; i < to; ++i) {
      run.seed = static_cast<std::uint64_t>(i);
      std::string bytes = compare::run_bytes(run);
      journal.append("print " + std::to_string(i), bytes, {});
    }
    CHECK_THROWS_AS(compare::RunJournal(path, true), Error);  // one writes at a time
    journal.flush();
  };
  const auto seeds = [&] {
    const compare::RunJournal journal(path, false,
                                      [&](const std::string& notice) { notices.push_back(notice); });
    std::set<std::uint64_t> found;
    for (int i = 0; i < 8; ++i)
      if (const auto one = journal.find("print " + std::to_string(i))) found.insert(one->seed);
    return found;
  };
  keep(0, 4);
  CHECK(seeds() == std::set<std::uint64_t>{0, 1, 2, 3});
  const auto size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - 10);  // killed while it wrote
  CHECK(seeds() == std::set<std::uint64_t>{0, 1, 2});
  CHECK(notices.empty());
  keep(3, 6);
  CHECK(seeds() == std::set<std::uint64_t>{0, 1, 2, 3, 4, 5});
  {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(size / 4 + 200));
    file.put('\x55');
  }
  notices.clear();
  CHECK(seeds() == std::set<std::uint64_t>{0, 2, 3, 4, 5});
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].find("run anew") != std::string::npos);
}

TEST_CASE(
    "grid by ranks: what the first rank spends a run is told, and no more than the disk and a copy take") {
  const Scratch scratch;
  constexpr int workers = 4;
  constexpr std::size_t runs = 4000;
  const Grid grid = three_schemes();
  const auto subjects = compare::subjects(grid);
  const std::string finished = compare::run_bytes(made_here(grid).runs.front());  // as large as runs are
  RankThreads threads(workers + 1);
  std::vector<std::thread> others;
  for (int rank = 1; rank <= workers; ++rank) {
    others.emplace_back([&, rank] {  // its runs take no time
      const RankGroup ranks = threads.of(rank);
      compare::send(ranks, 0, compare::at_work, compare::message_of(4));
      while (true) {
        const auto one = ranks.waiting();
        if (!one) {
          std::this_thread::sleep_for(std::chrono::microseconds(50));
          continue;
        }
        const std::string message = compare::receive(ranks, *one);
        if (one->tag == compare::go_home) return compare::send(ranks, 0, compare::gone);
        const auto wanted = compare::value_in<compare::RunWanted>(message);
        compare::send(ranks, 0, compare::run_made,
                      finished + compare::message_of(compare::RunMade{.job = wanted.job}));
      }
    });
  }
  const RankGroup ranks = threads.of(0);
  compare::RunDealer dealer(ranks, 0, {});
  std::vector<compare::Job> jobs(runs, {&subjects[0], &grid.schemes[0], 0, 0.1});
  std::size_t durable = 0;
  const auto thread_seconds = [] {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  };
  double dealing = 0, writing = 0;  // seconds of the thread that hands out, and of the journal's
  {
    compare::RunJournal journal(scratch / "journal", true);
    const double before = thread_seconds();
    dealer({jobs,
            subjects,
            grid.schemes.data(),
            {1.0},
            {},
            [](std::size_t) { return Run{}; },
            [&](std::size_t, std::string& bytes, bool) {
              journal.append("print", bytes, [&](std::string_view run) {
                durable += run == finished;
                writing = thread_seconds();
              });
            },
            [] { return false; }});
    dealing = thread_seconds() - before;
    journal.flush();
  }
  dealer.dismiss();
  for (auto& one : others) one.join();
  CHECK(durable == runs);
  MESSAGE("rank 0 spends ", 1e6 * dealing / runs, " µs a run handing out, and ", 1e6 * writing / runs,
          " µs writing, of ", finished.size(), " bytes each");
  const char* sanitizers = std::getenv("FANIN_SANITIZE");
  // Four times what it takes on a machine that has other work besides.
  if (!sanitizers || !*sanitizers) CHECK((dealing + writing) / runs < 1.2e-3);
}
