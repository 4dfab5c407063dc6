#include "examples/fanin/launch.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/quiet.hpp>
#include <fanin/train/provenance.hpp>

#include "examples/fanin/build_id.hpp"
#include "examples/fanin/command.hpp"
#include "examples/fanin/mpi_ranks.hpp"

namespace fanin::program {
namespace {

namespace fs = std::filesystem;

/// A number in the environment; none where there is no such variable, or no number in it.
std::optional<int> number(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  int value = 0;
  const char* end = text + std::char_traits<char>::length(text);
  const auto read = std::from_chars(text, end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

/// How many processes a launcher says that it started this one with; 0: none did.
int launched_with() {
  // Open MPI's mpirun; PMI-1 and -2 (MPICH's and Intel's mpirun, srun --mpi=pmi2).
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const auto size = number(name); size && *size > 0) return *size;
  // srun itself; with one task it may as well have started the shell that this program was typed into.
  if (const auto tasks = number("SLURM_STEP_NUM_TASKS"); tasks && *tasks > 1) return *tasks;
  return std::getenv("PMIX_RANK") != nullptr && std::getenv("PMIX_NAMESPACE") != nullptr &&
                 std::getenv("SLURM_STEP_NUM_TASKS") == nullptr
             ? 1
             : 0;
}

/// Which of them it is, as the launcher says; 0 where it does not.
int launched_as() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"})
    if (const auto rank = number(name)) return *rank;
  return 0;
}

std::unique_ptr<MpiRanks> joined;

/// Whether an Error is one that every rank throws, or one of a rank that nobody waits for.
bool nobody_waits = false;

/// The commands whose work is shared out; any other is each process's own.
bool is_shared_out(const std::vector<std::string>& words) {
  return words.size() > 1 && (words[1] == "compare" || words[1] == "train" || words[1] == "finetune");
}

std::string folder_here() {
  std::error_code none;
  return fs::current_path(none).string();
}

/// Where two texts begin to differ, each from there on, short enough for a line.
std::string from(const std::string& text, std::size_t begin) {
  std::string part = text.substr(begin, 60);
  std::replace(part.begin(), part.end(), '\n', ' ');
  return part.empty() ? "nothing" : "'" + printable(part) + "'";
}

/// Rank 0 keeps what all others find: one heap that grows by large steps asks the system thousands of times less often
/// than one for each thread, which grows by a page or two.
void keep_much() {
  constexpr int step = 64 << 20;  // bytes, of addresses alone until they are used
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TOP_PAD, step);
}

/// Leaves the others; where a launcher is killing them, which no longer answers, not for long.
void leave_in_time(int code) {
  static int exit_code;
  exit_code = code;
  if (interrupted()) {
    std::signal(SIGALRM, [](int) { _exit(exit_code); });
    ::alarm(1);
  }
  joined->leave();
  ::alarm(0);
}

/// Ranks whose processors, or whose libraries of products, are of different kinds round differently: they may work
/// together, but what they find then depends on who makes what.
void note_other_arithmetic() {
  const std::vector<std::string> all = ranks()->gather(train::instruction_set());
  const auto other = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one != all[0]; });
  if (other == all.end() || ranks()->rank != 0) return;
  note(
      "note: rank {} computes with {}, rank 0 with {}: the last bits of a run depend on the rank that makes it\n",
      other - all.begin(), printable(*other), all[0]);
}

}  // namespace

void on_its_own() { nobody_waits = true; }

const RankGroup* ranks() { return joined ? &joined->ranks() : nullptr; }
bool is_first() { return ranks() == nullptr || ranks()->rank == 0; }

void require_same(const std::string& what, const std::string& same) {
  if (!joined) return;
  const std::vector<std::string> all = ranks()->gather(same);
  const std::vector<std::string> machines = ranks()->gather(ranks()->machine);
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    const std::string &first = all[0], &other = all[rank];
    if (first == other) continue;
    const auto end = std::mismatch(first.begin(), first.end(), other.begin(), other.end());
    // from the beginning of the word that differs
    auto at = static_cast<std::size_t>(end.first - first.begin());
    while (at > 0 && first[at - 1] != ' ' && first[at - 1] != '\n') --at;
    nobody_waits = true;
    fail_usage(
        "rank {} ({}) was started with another {} than rank 0 ({}): {} in place of {}; start all ranks alike",
        rank, printable(machines[rank]), what, printable(machines[0]), from(other, at), from(first, at));
  }
}

void in_step(const std::function<void()>& step) {
  if (!joined) return step();
  std::string mine;  // nothing, or whose fault it is and what
  try {
    step();
  } catch (const Error& error) {
    mine = (error.blame() == Blame::usage ? "u" : "f") + std::string(error.what());
  } catch (const std::bad_alloc&) {
    mine = "fout of memory";
  } catch (const std::exception& error) {
    mine = "f" + std::string(error.what());
  }
  const std::vector<std::string> all = ranks()->gather(mine);
  const auto first = std::find_if(all.begin(), all.end(), [](const auto& one) { return !one.empty(); });
  if (first == all.end()) return;
  nobody_waits = true;
  const bool everywhere = std::all_of(all.begin(), all.end(), [&](const auto& one) { return one == *first; });
  const std::string text =
      everywhere ? first->substr(1)
                 : fmt::format("rank {} of {}: {}", first - all.begin(), all.size(), first->substr(1));
  if (first->front() == 'u') fail_usage("{}", text);
  fail("{}", text);
}

int launched(const std::vector<std::string>& words, const std::function<int()>& body) {
  const int with = launched_with();
  if (with == 0 || words.size() < 2) return body();
  if (!is_shared_out(words)) return body();
  keep_quiet(launched_as() != 0);  // until it is known better
  std::string why;
  const MpiCalls* calls = open_mpi(why);
  if (calls == nullptr) {
    if (with == 1) return body();
    fail_usage("a launcher started {} processes of one {}, which takes MPI, but {}", with, words[1], why);
  }
  if (launched_as() == 0) keep_much();
  joined = std::make_unique<MpiRanks>(*calls);
  keep_quiet(ranks()->rank != 0);
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_word(word);
  try {
    require_same("version", built_version());
    require_same("build", build_id());
    require_same("command line", line.substr(line.find(' ') + 1));
    require_same("working folder", folder_here());
    note_other_arithmetic();
    const int code = body();
    flush_output();
    leave_in_time(code);
    return code;
  } catch (const CLI::Success&) {  // help was asked for: rank 0 gives it
    joined->leave();
    if (ranks()->rank > 0) return 0;
    throw;
  } catch (const CLI::Error&) {  // of the same words, the same on all: rank 0 tells it
    joined->leave();
    if (ranks()->rank > 0) ::usleep(1'000'000);  // a launcher ends all when the first has ended so
    throw;
  } catch (const std::exception& error) {
    const auto* ours = dynamic_cast<const Error*>(&error);
    const int code = ours != nullptr && ours->blame() == Blame::usage ? 2 : 1;
    if (!nobody_waits) {
      // Where rank 0 has met the same, it has told it and ended the job by then.
      if (ranks()->rank > 0) ::usleep(300'000);
      keep_quiet(false);
      note_error(fmt::format("fanin, rank {} ({})", ranks()->rank, ranks()->machine), error.what());
      joined->abort(code);
    }
    note_error("fanin", error.what());
    keep_quiet();  // it has been told
    flush_output();
    leave_in_time(code);
    throw;
  }
}

}  // namespace fanin::program
