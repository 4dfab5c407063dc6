// The pool when tensors are made on one thread and dropped on another: it asks the system for no more than
// were alive at once.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <fanin/core/sanitizer.hpp>
#include <fanin/core/tensor.hpp>

#if !FANIN_ASAN  // there every block is the system's

namespace fanin {
namespace {

constexpr std::size_t most_alive = 5;
/// What the pool may hold of a class beyond what is alive: a thread's own blocks, 64 of them, on each of two
/// threads. A tensor takes several blocks: its elements, their owner, its handle.
constexpr std::uint64_t most_asked = 3 * (most_alive + 2 * 65);

/// Tensors on their way from one thread to another.
class Channel {
 public:
  void put(Tensor tensor) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() < most_alive; });
    waiting_.push_back(std::move(tensor));
    changed_.notify_all();
  }
  Tensor take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !waiting_.empty(); });
    Tensor tensor = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return tensor;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Tensor> waiting_;
};

/// Sends `count` tensors from a new thread to another; returns how often both asked the system for a block.
std::uint64_t asked_while_sending(int count, const Shape& shape) {
  Channel channel;
  std::uint64_t producer_asked = 0, consumer_asked = 0;
  std::thread producer([&] {
    for (int i = 0; i < count; ++i) channel.put(Tensor::full(shape, static_cast<real>(i)));
    producer_asked = pool_system_allocations();
  });
  std::thread consumer([&] {
    bool right = true;
    for (int i = 0; i < count; ++i) right = channel.take().data()[0] == static_cast<real>(i) && right;
    consumer_asked = pool_system_allocations();
    CHECK(right);
  });
  producer.join();
  consumer.join();
  return producer_asked + consumer_asked;
}

TEST_CASE("tensors made on one thread and dropped on another are used again, whatever their size") {
  for (const Index size : {Index{8}, Index{5'000}, Index{100'000}}) {
    CAPTURE(size);
    CHECK(asked_while_sending(2'000, {size}) <= most_asked);
  }
}

TEST_CASE("two threads that take turns at making and dropping tensors hold no more than one pair does") {
  Channel there, back;
  std::uint64_t asked[2] = {};
  const auto work = [&](bool first, std::uint64_t& mine) {
    for (int turn = 0; turn < 6; ++turn) {
      for (int i = 0; i < 500; ++i) {
        if ((turn % 2 == 0) == first)
          (first ? there : back).put(Tensor({3'000}));
        else
          (first ? back : there).take();
      }
    }
    mine = pool_system_allocations();
  };
  std::thread a([&] { work(true, asked[0]); }), b([&] { work(false, asked[1]); });
  a.join();
  b.join();
  CHECK(asked[0] + asked[1] <= most_asked);
}

TEST_CASE("threads that live for one tensor leave their blocks to the next") {
  std::uint64_t asked = 0;
  for (int i = 0; i < 400; ++i) {
    Tensor made;
    std::thread([&] {
      const Tensor scratch({2'000});
      made = Tensor({20'000});
      asked += pool_system_allocations();
    }).join();
  }
  CHECK(asked <= most_asked);
}

TEST_CASE("a thread's own blocks come back without the system, more of them than it keeps to itself") {
  std::uint64_t second = 0;
  std::thread([&] {
    for (int round = 0; round < 3; ++round) {
      const std::uint64_t before = pool_system_allocations();
      std::vector<Tensor> alive;
      for (int i = 0; i < 300; ++i) alive.push_back(Tensor({i % 2 == 0 ? 8 : 50'000}));
      second = pool_system_allocations() - before;
    }
  }).join();
  CHECK(second == 0);
}

}  // namespace
}  // namespace fanin

#endif
