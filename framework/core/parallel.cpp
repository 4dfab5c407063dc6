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

/// Workers that spin briefly between jobs: a training step hands out work every few microseconds, and a futex costs more.
class Team {
 public:
  explicit Team(int helpers) {
    for (int i = 0; i < helpers; ++i) workers_.emplace_back([this] { serve(); });
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
    next_.store(0, std::memory_order_relaxed);
    busy_.store(helpers(), std::memory_order_relaxed);
    {
      const std::lock_guard lock(mutex_);
      generation_.fetch_add(1, std::memory_order_release);
    }
    if (sleepers_.load() > 0) wake_.notify_all();
    inside_piece() = true;
    take_pieces();
    inside_piece() = false;
    for (int spins = 0; busy_.load(std::memory_order_acquire) != 0; ++spins) {
      if (spins > spin_limit) std::this_thread::yield();
    }
  }

 private:
  static constexpr int spin_limit = 20'000;

  void take_pieces() {
    for (Index piece = next_.fetch_add(1); piece < pieces_; piece = next_.fetch_add(1)) function_(context_, piece);
  }

  void serve() {
    std::uint64_t seen = 0;
    while (true) {
      int spins = 0;
      while (generation_.load(std::memory_order_acquire) == seen && !stop_.load(std::memory_order_relaxed)) {
        if (++spins < spin_limit) continue;
        std::unique_lock lock(mutex_);
        sleepers_.fetch_add(1);
        wake_.wait(lock, [&] { return generation_.load() != seen || stop_.load(); });
        sleepers_.fetch_sub(1);
      }
      if (stop_.load()) return;
      seen = generation_.load(std::memory_order_acquire);
      inside_piece() = true;
      take_pieces();
      inside_piece() = false;
      busy_.fetch_sub(1, std::memory_order_acq_rel);
    }
  }

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<int> sleepers_{0}, busy_{0};
  std::atomic<bool> stop_{false};
  std::atomic<Index> next_{0};
  Index pieces_ = 0;
  detail::PieceFunction function_ = nullptr;
  void* context_ = nullptr;
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
