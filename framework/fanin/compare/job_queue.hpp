#pragma once
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include <fanin/compare/grid.hpp>

namespace fanin::compare {

/// The jobs of an assignment that nobody makes yet, each subject's in their order. From any thread.
class JobQueue {
 public:
  /// All of them; `assignment` must outlive it.
  explicit JobQueue(const Assignment& assignment);

  /// The next job, as its place in the assignment: of the subject whose runs take longest. None where none is left.
  std::optional<std::size_t> take();
  std::size_t count() const;  ///< jobs left
  void clear();               ///< leaves none
  /// What a run took, in seconds, tells of the others of its subject.
  void learn(std::size_t job, double seconds);

 private:
  struct Seen {
    int runs = 0;
    double seconds = 0, foretold = 0;
  };
  std::size_t subject_of(std::size_t job) const;
  double cost(std::size_t subject) const;

  const Assignment& assignment_;
  mutable std::mutex mutex_;
  std::vector<std::deque<std::size_t>> by_subject_;
  std::vector<Seen> seen_;
  Seen all_;
  std::size_t count_ = 0;
};

}  // namespace fanin::compare
