#include "framework/core/parallel.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "framework/core/error.hpp"

namespace fanin {
namespace {

/// Tells the core that it only waits, so that a sibling may have its units.
void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// Workers that spin between jobs: a training step hands out work every few microseconds, and a futex costs
/// more.
///
/// Each thread has a share of the pieces of its own, the same one in every job of as many pieces: what it
/// wrote in one job lies in its own cache for the next. A thread that is done takes from the others' shares,
/// unless those are single pieces: then it would be those that the others are about to begin.
class Team {
 public:
  explicit Team(int helpers) : shares_(static_cast<std::size_t>(helpers) + 1) {
    for (int i = 0; i < helpers; ++i)
      workers_.emplace_back([this, i] { serve(static_cast<std::size_t>(i) + 1); });
  }
  ~Team() {
    {
      const std::lock_guard lock(mutex_);
      stop_.store(true);
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
  }
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
    inside_piece() = true;
    take_pieces(0);
    inside_piece() = false;
    for (int spins = 0; busy_.load(std::memory_order_acquire) != 0; ++spins) {
      relax();
      if (spins > spin_limit) std::this_thread::yield();
    }
  }

 private:
  static constexpr int spin_limit = 20'000;  // about half a millisecond

  /// A thread's pieces, on a cache line of its own.
  struct alignas(64) Share {
    std::atomic<Index> next{0};
    Index end = 0;
  };

  void take_pieces(std::size_t self) {
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
      inside_piece() = true;
      take_pieces(self);
      inside_piece() = false;
      busy_.fetch_sub(1, std::memory_order_acq_rel);
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
  alignas(64) std::atomic<int> busy_{0};
};

thread_local int thread_count = 1;

Team& team() {
  thread_local std::unique_ptr<Team> mine;
  if (!mine || mine->helpers() != thread_count - 1) {
    mine.reset();
    mine = std::make_unique<Team>(thread_count - 1);
  }
  return *mine;
}

}  // namespace

void set_threads(int count) {
  if (count < 1 || count > 256) fail_usage("threads must be between 1 and 256: got {}", count);
  thread_count = count;
}

int threads() { return thread_count; }

void detail::run_pieces(Index pieces, PieceFunction function, void* context) {
  if (thread_count == 1 || pieces <= 1 || Team::inside_piece()) {
    for (Index piece = 0; piece < pieces; ++piece) function(context, piece);
    return;
  }
  team().run(pieces, function, context);
}

}  // namespace fanin
