#pragma once
#include <exception>
#include <functional>
#include <memory>
#include <semaphore>
#include <span>
#include <thread>
#include <vector>

#include <fanin/core/lent_threads.hpp>
#include <fanin/ops/shared_batch.hpp>

namespace fanin::train {

/// Several computations that must know of one another on their way, as one after the other would: each on a
/// thread of its own, but one at a time and in their order, from one meeting to the next.
class Lockstep {
 public:
  using Join = ops::SharedBatch::Join;  ///< makes one value of two
  /// What is called by whoever runs.
  struct Calls {
    std::function<void(std::size_t)> enter;  ///< that one is about to go on
    std::function<void(std::size_t)> leave;  ///< that one makes way
    /// What all of them are together is this, of one process; it is to be made that of all processes.
    std::function<void(std::span<double>, Join)> meet;
  };
  /// For so many, of which the first runs on the calling thread; the others have its threads (`LentThreads`).
  /// Error where the system refuses a thread.
  Lockstep(std::size_t count, Calls calls);
  ~Lockstep();
  Lockstep(const Lockstep&) = delete;
  Lockstep& operator=(const Lockstep&) = delete;

  /// Runs them all. What one throws ends the others at their next meeting, and reaches the caller; Error where
  /// one has ended while others are at a meeting.
  void run(const std::function<void(std::size_t)>& body);
  /// Called by `which` of them: waits for the others, and gives each what their values are together, joined in a
  /// tree whose form follows from their number alone.
  void meet(std::size_t which, std::span<double> values, Join join);

 private:
  struct Abandoned {};  // thrown through those that another has failed
  struct Member {
    std::binary_semaphore turn{0};
    bool ended = false;
    std::span<double> values = {};
  };
  void serve(std::size_t which);
  void work(std::size_t which);
  void pass_on(std::size_t which);
  void hold_meeting(Join join);
  void fail_all(std::exception_ptr why);
  void end();

  Calls calls_;
  LentThreads threads_of_caller_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<std::thread> threads_;
  const std::function<void(std::size_t)>* body_ = nullptr;
  Join join_ = nullptr;
  std::exception_ptr failure_;
  bool ending_ = false;
};

}  // namespace fanin::train
