#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <fanin/compare/grid.hpp>
#include <fanin/core/ranks.hpp>

/// @file
/// What the ranks of a grid say to one another (`grid_ranks.hpp`).
namespace fanin::compare {

/// A message's tag says what it is.
enum Message : int {
  // from rank 0
  make_run = 1,  ///< `RunWanted`
  stop_runs,     ///< end what is under way
  go_home,       ///< there will be no more
  // to rank 0
  at_work,        ///< an int: how many runs it makes at a time
  run_made,       ///< the bytes of `run_bytes`, none where it was interrupted, then `RunMade`
  run_refused,    ///< what a usage Error said, then `RunMade`
  step_made,      ///< `StepMade`
  epoch_made,     ///< `EpochMade`
  asked_to_stop,  ///< somebody interrupted this rank
  word_to_say,    ///< a text
  line_to_log,    ///< a line
  gone            ///< nothing will follow
};

/// A job, by places in lists that every rank has alike.
struct RunWanted {
  std::uint64_t job;      ///< its place in the assignment
  std::uint64_t subject;  ///< its place among the grid's
  std::uint64_t scheme;   ///< likewise
  std::uint64_t seed;     ///< as `Job` has it
  double lr;              ///< likewise
  double tuning_share;    ///< likewise
  RatePick rate;          ///< likewise
  bool tells_epochs;      ///< whether somebody wants to hear of its epochs
};
/// Whose result it is, and what whoever hands out must know of it.
struct RunMade {
  std::uint64_t job;    ///< its place in the assignment
  double seconds = 0;   ///< in training steps
  bool failed = false;  ///< so that it is not kept
};
/// `StepTaken` of a job.
struct StepMade {
  std::uint64_t job;  ///< its place in the assignment
  Index step;         ///< this one, from 0
  Index steps;        ///< how many there will be at most
  int epochs;         ///< that those steps are
};
/// An epoch of a job.
struct EpochMade {
  std::uint64_t job;   ///< its place in the assignment
  EpochRecord record;  ///< what it showed
};

/// @{
/// A value, and what follows it, as a message.
template <class Value>
requires std::is_trivially_copyable_v<Value> std::string message_of(const Value& value,
                                                                    std::string_view rest = {}) {
  std::string bytes(reinterpret_cast<const char*>(&value), sizeof value);
  bytes += rest;
  return bytes;
}
template <class Value>
requires std::is_trivially_copyable_v<Value> Value value_in(const std::string& message) {
  Value value{};
  std::memcpy(&value, message.data(), std::min(sizeof value, message.size()));
  return value;
}
/// The value that ends a message, which is shortened to what stood before it.
template <class Value>
requires std::is_trivially_copyable_v<Value> Value value_off(std::string& message) {
  Value value{};
  const std::size_t size = std::min(sizeof value, message.size());
  std::memcpy(&value, message.data() + message.size() - size, size);
  message.erase(message.size() - size);
  return value;
}
/// @}

/// Sends a message of bytes, or of nothing.
inline void send(const RankGroup& ranks, int to, Message tag, std::string_view bytes = {}) {
  ranks.send(to, tag, std::as_bytes(std::span(bytes.data(), bytes.size())));
}
/// @{
/// Receives what is waiting; into memory that is used again, where there is some.
inline void receive(const RankGroup& ranks, const RankGroup::Waiting& one, std::string& bytes) {
  bytes.resize(one.size);
  ranks.receive(one.from, one.tag, std::as_writable_bytes(std::span(bytes.data(), bytes.size())));
}
inline std::string receive(const RankGroup& ranks, const RankGroup::Waiting& one) {
  std::string bytes;
  receive(ranks, one, bytes);
  return bytes;
}
/// @}

/// How long to sleep between two looks for a message: briefly after one, longer the longer none came.
class Pause {
 public:
  using Clock = std::chrono::steady_clock;  ///< whose time it is
  /// A message has come.
  void heard() { last_ = Clock::now(); }
  /// How long to sleep now.
  std::chrono::microseconds next() const {
    using std::chrono::microseconds;
    const auto since = std::chrono::duration_cast<microseconds>(Clock::now() - last_);
    return std::clamp(since / 8, microseconds(20), microseconds(1000));
  }

 private:
  Clock::time_point last_ = Clock::now();
};

}  // namespace fanin::compare
