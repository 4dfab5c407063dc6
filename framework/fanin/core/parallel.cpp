#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fanin/core/cores.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/lent_threads.hpp>
#include <fanin/core/parallel.hpp>

namespace fanin {
namespace {

/// Tells the core that it only waits, so that a sibling may have its units.
void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// A wait: it spins at first, then lets other threads run between two looks, and after half a millisecond it is
/// time to sleep. A training step hands out work every few microseconds, and a futex costs more.
class Wait {
 public:
  /// Call it between two looks; whether to sleep before the next.
  bool long_enough() {
    constexpr int spins = 200;
    if (++looks_ < spins) {
      relax();
      return false;
    }
    const auto now = Clock::now();
    if (looks_ == spins) since_ = now;
    std::this_thread::yield();
    return now - since_ > std::chrono::microseconds(500);
  }

 private:
  using Clock = std::chrono::steady_clock;
  int looks_ = 0;
  Clock::time_point since_;
};

/// Workers that help one thread, the host, with its jobs.
///
/// Each thread has a share of the pieces of its own, the same one in every job of as many pieces: what it
/// wrote in one job lies in its own cache for the next. A thread that is done takes from the others' shares; a
/// share of a single piece it leaves to an owner that has come to the job, who is about to begin it.
///
/// Nobody waits for a helper that has not come: where other threads hold the cores, the host does the work of
/// all, closes the door and goes on.
class Team {
 public:
  /// Error naming `asked` and what the system gave, when it refuses one of the threads.
  Team(int helpers, int asked) : shares_(static_cast<std::size_t>(helpers) + 1) {
    try {
      workers_.reserve(static_cast<std::size_t>(helpers));
      for (int i = 0; i < helpers; ++i)
        workers_.emplace_back([this, i] { serve(static_cast<std::size_t>(i) + 1); });
    } catch (const std::exception& refusal) {  // std::system_error, or std::bad_alloc
      const std::size_t got = workers_.size() + 1;
      end();
      fail(
          "cannot start {} threads ({} were asked for, more than the cores at hand are not used): the system gave {} ({}); "
          "ask for fewer, or raise its limits (ulimit -u, ulimit -v)",
          helpers + 1, asked, got, refusal.what());
    }
  }
  ~Team() { end(); }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  static bool& inside_piece() {
    thread_local bool inside = false;
    return inside;
  }

  int helpers() const { return static_cast<int>(workers_.size()); }

  void run(Index pieces, detail::PieceFunction function, void* context) {
    function_ = function;
    context_ = context;
    pieces_ = pieces;
    const auto count = static_cast<Index>(shares_.size());
    for (Index i = 0; i < count; ++i) {
      auto& share = shares_[static_cast<std::size_t>(i)];
      share.next.store(pieces * i / count, std::memory_order_relaxed);
      share.end = pieces * (i + 1) / count;
      share.owner_came.store(false, std::memory_order_relaxed);
    }
    door_.store((door_.load(std::memory_order_relaxed) | ~job_mask) + 1 + open);
    call_helpers();
    take_pieces(0);
    const bool helped = std::any_of(shares_.begin() + 1, shares_.end(), [](const Share& share) {
      return share.owner_came.load(std::memory_order_relaxed);
    });
    misses_ = helped ? 0 : std::min(misses_ + 1, 6);
    if (helped) calls_to_skip_ = 0;
    Wait wait;
    for (unsigned door = door_.fetch_and(~open) & ~open; (door & inside) != 0;
         door = door_.load(std::memory_order_acquire)) {
      if (wait.long_enough()) door_.wait(door);
    }
    if (failed_.load(std::memory_order_relaxed)) {
      failed_.store(false, std::memory_order_relaxed);
      std::rethrow_exception(std::exchange(failure_, nullptr));
    }
  }

 private:
  // The door is one word: how many helpers are inside, whether it is open, and the job's number.
  static constexpr unsigned inside = 0x3ff, open = 0x400, job_mask = ~0x7ffu;

  /// Wakes those that sleep; more and more rarely, while none that is woken comes in time.
  void call_helpers() {
    if (calls_to_skip_ > 0) {
      --calls_to_skip_;
      return;
    }
    calls_to_skip_ = (1 << misses_) - 1;
    door_.notify_all();
  }

  void end() {
    stop_.store(true);
    door_.fetch_add(open + open);  // another job, with a closed door
    door_.notify_all();
    for (auto& worker : workers_) worker.join();
  }

  /// A thread's pieces, on a cache line of its own.
  struct alignas(64) Share {
    std::atomic<Index> next{0};
    Index end = 0;
    std::atomic<bool> owner_came{false};
  };

  void take_pieces(std::size_t self) noexcept {
    inside_piece() = true;
    try {
      call_pieces(self);
    } catch (...) {  // a piece that finds no memory, say; the first to fail speaks for all
      if (!failed_.exchange(true)) failure_ = std::current_exception();
    }
    inside_piece() = false;
  }

  void call_pieces(std::size_t self) {
    shares_[self].owner_came.store(true, std::memory_order_relaxed);
    const bool single = pieces_ <= static_cast<Index>(shares_.size());
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      Share& share = shares_[(self + i) % shares_.size()];
      if (i > 0 && single && share.owner_came.load(std::memory_order_relaxed)) continue;
      if (share.next.load(std::memory_order_relaxed) >= share.end) continue;
      for (Index piece = share.next.fetch_add(1); piece < share.end; piece = share.next.fetch_add(1))
        function_(context_, piece);
    }
  }

  /// The number of a job that is not the one `seen`; none when the team ends.
  std::optional<unsigned> next_job(unsigned seen) {
    Wait wait;
    for (unsigned door = door_.load(std::memory_order_acquire); !stop_.load(std::memory_order_relaxed);
         door = door_.load(std::memory_order_acquire)) {
      if ((door & job_mask) != seen) return door & job_mask;
      if (wait.long_enough()) door_.wait(door);
    }
    return {};
  }

  bool come_in(unsigned job) {
    unsigned door = door_.load(std::memory_order_relaxed);
    while ((door & open) != 0 && (door & job_mask) == job) {
      if (door_.compare_exchange_weak(door, door + 1, std::memory_order_acq_rel)) return true;
    }
    return false;
  }

  void serve(std::size_t self) {
    for (auto job = next_job(0); job; job = next_job(*job)) {
      if (!come_in(*job)) continue;
      take_pieces(self);
      const unsigned before = door_.fetch_sub(1, std::memory_order_acq_rel);
      if ((before & (inside | open)) == 1) door_.notify_all();
    }
  }

  std::vector<Share> shares_;
  std::vector<std::thread> workers_;
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<unsigned> door_{0};
  alignas(64) detail::PieceFunction function_ = nullptr;
  void* context_ = nullptr;
  Index pieces_ = 0;
  int misses_ = 0, calls_to_skip_ = 0;  // jobs in a row that no helper came to; see call_helpers
  std::atomic<bool> failed_{false};
  std::exception_ptr failure_;
};

/// How many forks lie between this process and its first ancestor that had this library.
std::atomic<unsigned> forks{0};
[[maybe_unused]] const int watch_forks = ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1); });

/// The calling thread's setting, and its team once there is one.
class Threads {
 public:
  ~Threads() { forget_if_forked(); }

  int used() const { return used_; }

  void set(int asked, int used) {
    forget_if_forked();
    if (used > 1 && (!team_ || team_->helpers() != used - 1)) team_ = std::make_unique<Team>(used - 1, asked);
    asked_ = asked;
    used_ = used;
  }

  Team& team() {
    if (!team_ || born_ != forks.load(std::memory_order_relaxed)) set(asked_, used_);
    return *team_;
  }

 private:
  /// In a child process the workers are not there: they can be neither used nor joined.
  void forget_if_forked() {
    const unsigned now = forks.load(std::memory_order_relaxed);
    if (born_ != now) static_cast<void>(team_.release());
    born_ = now;
  }

  std::unique_ptr<Team> team_;
  unsigned born_ = 0;
  int asked_ = 1, used_ = 1;
};

/// While one lives, this thread is within a piece.
struct InPiece {
  InPiece() { Team::inside_piece() = true; }
  ~InPiece() { Team::inside_piece() = false; }
  InPiece(const InPiece&) = delete;
  InPiece& operator=(const InPiece&) = delete;
};

thread_local Threads own;
thread_local Threads* lent = nullptr;
thread_local CutAsFor* as_for = nullptr;

Threads& mine() { return lent != nullptr ? *lent : own; }

}  // namespace

LentThreads::LentThreads() : threads_(&mine()) {}
LentThreads::Use::Use(const LentThreads& of)
    : before_(std::exchange(lent, static_cast<Threads*>(of.threads_))) {}
LentThreads::Use::~Use() { lent = static_cast<Threads*>(before_); }

void set_threads(int count) {
  if (count < 1 || count > 256) fail_usage("threads must be between 1 and 256: got {}", count);
  mine().set(count, count == 1 ? 1 : std::min(count, cores_at_hand()));
}

int thread_count() { return as_for ? as_for->cut_for() : mine().used(); }

CutAsFor::CutAsFor(int threads) : threads_(threads), before_(as_for) { as_for = this; }
CutAsFor::~CutAsFor() { as_for = before_; }

void detail::run_pieces(Index pieces, PieceFunction function, void* context) {
  if (as_for && !Team::inside_piece()) {
    const auto start = std::chrono::steady_clock::now();
    {
      const InPiece inside;  // also when a piece throws
      for (Index piece = 0; piece < pieces; ++piece) function(context, piece);
    }
    as_for->add({pieces, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()});
    return;
  }
  if (pieces <= 1 || mine().used() == 1 || Team::inside_piece()) {
    for (Index piece = 0; piece < pieces; ++piece) function(context, piece);
    return;
  }
  mine().team().run(pieces, function, context);
}

}  // namespace fanin
