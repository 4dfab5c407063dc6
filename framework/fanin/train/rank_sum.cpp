#include <sched.h>

#include <algorithm>
#include <bit>

#include <fanin/train/rank_sum.hpp>

namespace fanin::train {
namespace {

/// The left part of a tree over so many.
int left_of(int count) { return static_cast<int>(std::bit_floor(static_cast<unsigned>(count - 1))); }

void add_to(const real* from, real* to, Index begin, Index end) {
  for (Index i = begin; i < end; ++i) to[i] += from[i];
}

// What messages are called: values by the first two, parts by numbers from there on.
constexpr int values_up = 98, values_down = 99;
int up(std::size_t part) { return static_cast<int>(100 + 2 * part); }
int down(std::size_t part) { return static_cast<int>(101 + 2 * part); }

}  // namespace

RankSum::RankSum(const Ranks& ranks, const Tensor& flat)
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
}

void RankSum::begin() { begun_ = 0; }

void RankSum::add(Index begin, Index end) {
  if (begun_ == parts_.size()) parts_.push_back({begin, end, 0, {}});
  Part& part = parts_[begun_++];
  part.begin = begin, part.end = end, part.stage = 0;
}

/// One step of a part's way; whether it has come to its end. First the sums of the ranks below in the tree
/// arrive and are added, in their order; then the sum goes up, and the sum of all comes down.
bool RankSum::advance(Part& part, std::size_t number) {
  const auto bytes = [&](Tensor& tensor) {
    return std::as_writable_bytes(
        std::span(tensor.data() + part.begin, static_cast<std::size_t>(part.end - part.begin)));
  };
  const std::size_t below = children_.size(), going_up = below, coming_down = below + 1,
                    handing_down = below + 2;
  while (true) {
    std::erase_if(part.under_way, [this](int message) { return ranks_.done(message); });
    if (!part.under_way.empty()) return false;
    const std::size_t stage = part.stage++;
    if (stage > 0 && stage <= below) add_to(arriving_.data(), flat_.data(), part.begin, part.end);
    if (stage < below) {
      part.under_way = {ranks_.start_receive(children_[stage], up(number), bytes(arriving_))};
    } else if (stage == going_up && parent_ >= 0) {
      part.under_way = {ranks_.start_send(parent_, up(number), bytes(flat_))};
    } else if (stage == coming_down && parent_ >= 0) {
      part.under_way = {ranks_.start_receive(parent_, down(number), bytes(flat_))};
    } else if (stage == handing_down) {
      for (auto child = children_.rbegin(); child != children_.rend(); ++child)
        part.under_way.push_back(ranks_.start_send(*child, down(number), bytes(flat_)));
    } else if (stage > handing_down) {
      part.stage = stage;
      return true;
    }
  }
}

bool RankSum::advance() {
  bool done = true;
  for (std::size_t i = 0; i < begun_; ++i) done = advance(parts_[i], i) && done;
  return done;
}

/// Where there are more ranks than cores, whoever waits gives way.
void RankSum::wait_for(int message) {
  while (!ranks_.done(message)) {
    advance();
    ::sched_yield();
  }
}

void RankSum::all(std::span<double> values, Join join) {
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
