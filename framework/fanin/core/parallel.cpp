#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <fanin/core/cores.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/parallel.hpp>

namespace fanin {
namespace {

/// Tells the core that it only waits, so that a sibling may have its units.
void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// Workers that spin between jobs for a while, and then sleep: a training step hands out work every few
/// microseconds, and a futex costs more. So does the thread that waits for them.
///
/// Each thread has a share of the pieces of its own, the same one in every job of as many pieces: what it
/// wrote in one job lies in its own cache for the next. A thread that is done takes from the others' shares,
/// unless those are single pieces: then it would be those that the others are about to begin.
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
    }
    busy_.store(helpers(), std::memory_order_relaxed);
    {
      const std::lock_guard lock(mutex_);
      generation_.fetch_add(1, std::memory_order_release);
    }
    if (sleepers_.load() > 0) wake_.notify_all();
    take_pieces(0);
    int spins = 0;
    for (int busy = busy_.load(std::memory_order_acquire); busy != 0;
         busy = busy_.load(std::memory_order_acquire)) {
      relax();
      if (++spins > spin_limit) busy_.wait(busy);
    }
    if (failed_.load(std::memory_order_relaxed)) {
      failed_.store(false, std::memory_order_relaxed);
      std::rethrow_exception(std::exchange(failure_, nullptr));
    }
  }

 private:
  static constexpr int spin_limit = 20'000;  // about half a millisecond

  void end() {
    {
      const std::lock_guard lock(mutex_);
      stop_.store(true);
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
  }

  /// A thread's pieces, on a cache line of its own.
  struct alignas(64) Share {
    std::atomic<Index> next{0};
    Index end = 0;
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
    const std::size_t visits = pieces_ <= static_cast<Index>(shares_.size()) ? 1 : shares_.size();
    for (std::size_t i = 0; i < visits; ++i) {
      Share& share = shares_[(self + i) % shares_.size()];
      for (Index piece = share.next.fetch_add(1); piece < share.end; piece = share.next.fetch_add(1))
        function_(context_, piece);
    }
  }

  void serve(std::size_t self) {
    std::uint64_t seen = 0;
    while (true) {
      int spins = 0;
      while (generation_.load(std::memory_order_acquire) == seen && !stop_.load(std::memory_order_relaxed)) {
        relax();
        if (++spins < spin_limit) continue;
        std::unique_lock lock(mutex_);
        sleepers_.fetch_add(1);
        wake_.wait(lock, [&] { return generation_.load() != seen || stop_.load(); });
        sleepers_.fetch_sub(1);
      }
      if (stop_.load()) return;
      seen = generation_.load(std::memory_order_acquire);
      take_pieces(self);
      if (busy_.fetch_sub(1) == 1) busy_.notify_one();
    }
  }

  std::vector<Share> shares_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stop_{false};
  std::atomic<int> sleepers_{0};
  alignas(64) std::atomic<std::uint64_t> generation_{0};
  detail::PieceFunction function_ = nullptr;
  void* context_ = nullptr;
  Index pieces_ = 0;
  std::atomic<bool> failed_{false};
  std::exception_ptr failure_;
  alignas(64) std::atomic<int> busy_{0};
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

thread_local Threads mine;

}  // namespace

void set_threads(int count) {
  if (count < 1 || count > 256) fail_usage("threads must be between 1 and 256: got {}", count);
  mine.set(count, count == 1 ? 1 : std::min(count, cores_at_hand()));
}

int threads() { return mine.used(); }

void detail::run_pieces(Index pieces, PieceFunction function, void* context) {
  if (pieces <= 1 || mine.used() == 1 || Team::inside_piece()) {
    for (Index piece = 0; piece < pieces; ++piece) function(context, piece);
    return;
  }
  mine.team().run(pieces, function, context);
}

}  // namespace fanin
