#pragma once
#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <fanin/core/ranks.hpp>

/// Ranks that are threads of this process and send by queues: what works with them knows no MPI.
class RankThreads {
 public:
  explicit RankThreads(int size) : boxes_(static_cast<std::size_t>(size)), size_(size) {}

  fanin::RankGroup of(int rank) {
    fanin::RankGroup ranks{
        .rank = rank, .size = size_, .node_rank = rank, .node_size = size_, .machine = "here"};
    ranks.send = [this, rank](int to, int tag, std::span<const std::byte> bytes) {
      const std::lock_guard lock(mutex_);
      boxes_[static_cast<std::size_t>(to)].push_back({rank, tag, {bytes.begin(), bytes.end()}});
      changed_.notify_all();
    };
    ranks.waiting = [this, rank]() -> std::optional<fanin::RankGroup::Waiting> {
      const std::lock_guard lock(mutex_);
      const auto& box = boxes_[static_cast<std::size_t>(rank)];
      if (box.empty()) return std::nullopt;
      return fanin::RankGroup::Waiting{box.front().from, box.front().tag, box.front().bytes.size()};
    };
    ranks.receive = [this, rank](int from, int tag, std::span<std::byte> bytes) {
      std::unique_lock lock(mutex_);
      auto& box = boxes_[static_cast<std::size_t>(rank)];
      std::deque<Message>::iterator found;
      changed_.wait(lock, [&] {
        found = std::find_if(box.begin(), box.end(),
                             [&](const Message& one) { return one.from == from && one.tag == tag; });
        return found != box.end();
      });
      std::copy(found->bytes.begin(), found->bytes.end(), bytes.begin());
      box.erase(found);
    };
    ranks.start_send = [send = ranks.send](int to, int tag, std::span<const std::byte> bytes) {
      send(to, tag, bytes);
      return 0;
    };
    const auto expected = std::make_shared<std::vector<Expected>>();
    ranks.start_receive = [expected](int from, int tag, std::span<std::byte> bytes) {
      expected->push_back({from, tag, bytes});
      return static_cast<int>(expected->size());
    };
    ranks.done = [this, rank, expected](int message) {
      return message == 0 || arrived(rank, (*expected)[static_cast<std::size_t>(message - 1)]);
    };
    // By way of rank 0.
    ranks.gather = [rank, size = size_, send = ranks.send, receive = ranks.receive](const std::string& mine) {
      constexpr int sizes = -1, texts = -2;
      const auto pass = [&](int to, const std::string& text) {
        const std::size_t length = text.size();
        send(to, sizes, std::as_bytes(std::span(&length, 1)));
        send(to, texts, std::as_bytes(std::span(text.data(), length)));
      };
      const auto take = [&](int from) {
        std::size_t length = 0;
        receive(from, sizes, std::as_writable_bytes(std::span(&length, 1)));
        std::string text(length, '\0');
        receive(from, texts, std::as_writable_bytes(std::span(text.data(), length)));
        return text;
      };
      std::vector<std::string> all;
      if (rank > 0) {
        pass(0, mine);
        for (int i = 0; i < size; ++i) all.push_back(take(0));
        return all;
      }
      all.push_back(mine);
      for (int from = 1; from < size; ++from) all.push_back(take(from));
      for (int to = 1; to < size; ++to)
        for (const std::string& one : all) pass(to, one);
      return all;
    };
    return ranks;
  }

 private:
  struct Message {
    int from, tag;
    std::vector<std::byte> bytes;
  };
  struct Expected {
    int from, tag;
    std::span<std::byte> place;
  };
  bool arrived(int rank, const Expected& one) {
    const std::lock_guard lock(mutex_);
    auto& box = boxes_[static_cast<std::size_t>(rank)];
    const auto found = std::find_if(box.begin(), box.end(), [&](const Message& message) {
      return message.from == one.from && message.tag == one.tag;
    });
    if (found == box.end()) return false;
    std::copy(found->bytes.begin(), found->bytes.end(), one.place.begin());
    box.erase(found);
    return true;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::deque<Message>> boxes_;
  int size_;
};
