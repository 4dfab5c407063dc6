#include <sched.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <system_error>
#include <utility>

#include <fanin/train/rank_sum.hpp>

namespace fanin::train {
namespace {

/// The left part of a tree over so many.
int left_of(int count) { return static_cast<int>(std::bit_floor(static_cast<unsigned>(count - 1))); }

void add_to(const real* from, real* to, Index begin, Index end) {
  for (Index i = begin; i < end; ++i) to[i] += from[i];
}

// Of a large part the first pieces come down while the last still go up: so a line that works both ways is used both
// ways, and a sum takes half the time.
constexpr Index piece_size = Index{1} << 17;
constexpr std::size_t most_going_up = 2;  // MPI shares a line out among all messages that have begun
constexpr std::chrono::microseconds between_looks{200};

// What messages are called: values by the first two, pieces by numbers from there on.
constexpr int values_up = 98, values_down = 99;
int up(std::size_t piece) { return static_cast<int>(100 + 2 * piece); }
int down(std::size_t piece) { return static_cast<int>(101 + 2 * piece); }

}  // namespace

RankSum::RankSum(const RankGroup& ranks, const Tensor& flat)
    : ranks_(ranks), flat_(flat), arriving_(Tensor::zeros(flat.shape())) {
  int low = 0, high = ranks.size;
  while (high - low > 1) {
    const int middle = low + left_of(high - low);
    if (ranks.rank < middle) {
      if (ranks.rank == low) children_.insert(children_.begin(), middle);
      high = middle;
    } else {
      if (ranks.rank == middle) parent_ = low;
      low = middle;
    }
  }
  try {
    carrier_ = std::thread([this] { carry(); });
  } catch (const std::system_error&) {
    // No thread is to be had: pieces go on while `add` and `finish` are called.
  }
}

RankSum::~RankSum() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  if (carrier_.joinable()) carrier_.join();
}

void RankSum::begin() {
  const std::lock_guard lock(mutex_);
  begun_ = 0;
}

void RankSum::add(Index begin, Index end) {
  {
    const std::lock_guard lock(mutex_);
    for (Index at = begin; at < end; at += piece_size) {
      if (begun_ == pieces_.size()) pieces_.push_back({});
      Piece& piece = pieces_[begun_++];
      piece.begin = at, piece.end = std::min(end, at + piece_size), piece.stage = 0;
    }
    under_way_ = !advance();
  }
  changed_.notify_all();
}

void RankSum::finish() {
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
      under_way_ = !advance();
      if (!under_way_) return;
    }
    ::sched_yield();  // where there are more ranks than cores, whoever waits gives way
  }
}

/// The carrier's thread.
void RankSum::carry() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return over_ || (under_way_ && !failure_); });
    if (over_) return;
    try {
      under_way_ = !advance();
    } catch (...) {
      failure_ = std::current_exception();
    }
    if (under_way_ && !failure_) changed_.wait_for(lock, between_looks, [this] { return over_; });
  }
}

/// One step of a piece's way; whether it has come to its end. First the sums of the ranks below in the tree
/// arrive and are added, in their order; then the sum goes up, and the sum of all comes down.
bool RankSum::advance(Piece& piece, std::size_t number) {
  const auto bytes = [&](Tensor& tensor) {
    return std::as_writable_bytes(
        std::span(tensor.data() + piece.begin, static_cast<std::size_t>(piece.end - piece.begin)));
  };
  const std::size_t below = children_.size(), going_up = below, coming_down = below + 1,
                    handing_down = below + 2;
  while (true) {
    std::erase_if(piece.under_way, [this](int message) { return ranks_.done(message); });
    if (!piece.under_way.empty()) return false;
    const std::size_t stage = piece.stage++;
    if (stage > 0 && stage <= below) add_to(arriving_.data(), flat_.data(), piece.begin, piece.end);
    if (stage < below) {
      piece.under_way = {ranks_.start_receive(children_[stage], up(number), bytes(arriving_))};
    } else if (stage == going_up && parent_ >= 0) {
      piece.under_way = {ranks_.start_send(parent_, up(number), bytes(flat_))};
    } else if (stage == coming_down && parent_ >= 0) {
      piece.under_way = {ranks_.start_receive(parent_, down(number), bytes(flat_))};
    } else if (stage == handing_down) {
      for (auto child = children_.rbegin(); child != children_.rend(); ++child)
        piece.under_way.push_back(ranks_.start_send(*child, down(number), bytes(flat_)));
    } else if (stage > handing_down) {
      piece.stage = stage;
      return true;
    }
  }
}

/// Lets what is on its way go on; whether all of it has come to its end.
bool RankSum::advance() {
  bool done = true;
  std::size_t going_up = 0;
  for (std::size_t i = 0; i < begun_ && going_up < most_going_up; ++i) {
    done = advance(pieces_[i], i) && done;
    going_up += pieces_[i].stage <= children_.size() + 1;
  }
  return done && going_up == 0;
}

void RankSum::wait_for(int message) {
  while (!ranks_.done(message)) {
    advance();
    ::sched_yield();
  }
}

void RankSum::all(std::span<double> values, Join join) {
  const std::lock_guard lock(mutex_);
  more_.resize(values.size());
  const auto bytes = std::as_writable_bytes(values);
  for (const int child : children_) {
    wait_for(ranks_.start_receive(child, values_up, std::as_writable_bytes(std::span(more_))));
    join(values, more_);
  }
  if (parent_ >= 0) {
    wait_for(ranks_.start_send(parent_, values_up, bytes));
    wait_for(ranks_.start_receive(parent_, values_down, bytes));
  }
  for (auto child = children_.rbegin(); child != children_.rend(); ++child)
    wait_for(ranks_.start_send(*child, values_down, bytes));
}

}  // namespace fanin::train
