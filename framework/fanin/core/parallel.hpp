#pragma once
#include <type_traits>
#include <vector>

#include <fanin/core/real.hpp>

namespace fanin {

/// How many threads the calling thread's own work may use (default 1), of which no more than the cores at
/// hand are: `thread_count()`. Each thread has a setting of its own. Error, and the setting before stays, when not
/// in 1..256 (usage) or when the system refuses.
void set_threads(int count);
/// How many threads the calling thread's work is spread over, itself included.
int thread_count();

/// While one lives, the calling thread cuts its work as for so many threads, of which `thread_count()` tells, and
/// does all of it alone: what there would be to hand out where there are more cores than here.
class CutAsFor {
 public:
  explicit CutAsFor(int threads);  ///< from here on
  ~CutAsFor();
  CutAsFor(const CutAsFor&) = delete;
  CutAsFor& operator=(const CutAsFor&) = delete;

  /// A call of parallel_for that is not within a piece: its pieces, and what they took one after another.
  struct Call {
    Index pieces;    ///< handed out
    double seconds;  ///< of all of them
  };
  const std::vector<Call>& calls() const { return calls_; }  ///< since this began
  int cut_for() const { return threads_; }                   ///< as given
  void add(Call call) { calls_.push_back(call); }            ///< to `calls`

 private:
  int threads_;
  std::vector<Call> calls_;
  CutAsFor* before_;
};

namespace detail {
using PieceFunction = void (*)(void* context, Index piece);
void run_pieces(Index pieces, PieceFunction function, void* context);
}  // namespace detail

/// Calls `body(piece)` once for each piece in [0, pieces), on up to `thread_count()` threads; returns when all are
/// done. The cut into pieces is the caller's and must not depend on the thread count: then no result does
/// either. Never allocates after the first call; a call from inside a piece runs serially. What `body` throws
/// reaches the caller.
template <class Body>
void parallel_for(Index pieces, Body&& body) {
  using Plain = std::remove_reference_t<Body>;
  detail::run_pieces(
      pieces, [](void* context, Index piece) { (*static_cast<Plain*>(context))(piece); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace fanin
