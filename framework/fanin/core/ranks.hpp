#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fanin {

/// Processes that were started together to do one piece of work, seen from one of them: who it is, and how it
/// talks to the others. A value of functions, so that whoever shares out work knows nothing of what carries
/// the messages: MPI for the program, threads of one process in tests. What cannot be sent or received is an
/// Error. All functions of one value are called from one thread at a time.
struct RankGroup {
  int rank = 0;              ///< this process, from 0
  int size = 1;              ///< how many there are
  int node_rank = 0;         ///< this process among those of its machine, from 0
  int node_size = 1;         ///< how many these are
  std::string machine = {};  ///< its name, for messages

  /// What is there to be received.
  struct Waiting {
    int from;          ///< a rank
    int tag;           ///< as it was sent
    std::size_t size;  ///< bytes
  };
  /// Sends bytes; they may be changed when it returns, whether they have arrived or not.
  std::function<void(int to, int tag, std::span<const std::byte>)> send = {};
  /// Whether a message is there, of any tag from any rank; at once.
  std::function<std::optional<Waiting>()> waiting = {};
  /// Waits for a message of this rank and tag, of exactly as many bytes.
  std::function<void(int from, int tag, std::span<std::byte>)> receive = {};
  /// @{
  /// Begins to send, or to receive exactly as many bytes; they are the message's until `done` has said so of the
  /// number that is returned, which it says once. It also lets other messages go on.
  std::function<int(int to, int tag, std::span<const std::byte>)> start_send = {};
  std::function<int(int from, int tag, std::span<std::byte>)> start_receive = {};
  std::function<bool(int message)> done = {};
  /// @}
  /// Everybody's text, by rank; to be called by all ranks.
  std::function<std::vector<std::string>(const std::string&)> gather = {};
  /// Copies rank 0's bytes to all; to be called by all ranks, with as many bytes.
  std::function<void(std::span<std::byte>)> broadcast = {};
  /// Memory that the ranks of one machine share, of the size that its first rank asks for; to be called by
  /// all of them. `fill` is called on the first rank alone; the others see what it wrote. It stays.
  std::function<std::span<const std::byte>(std::size_t bytes,
                                           const std::function<void(std::span<std::byte>)>& fill)>
      share = {};
};

}  // namespace fanin
