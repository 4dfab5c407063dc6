#include <algorithm>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/train/lockstep.hpp>

namespace fanin::train {

Lockstep::Lockstep(std::size_t count, Calls calls) : calls_(std::move(calls)) {
  for (std::size_t i = 0; i < count; ++i) members_.push_back(std::make_unique<Member>());
  try {
    for (std::size_t i = 1; i < count; ++i) threads_.emplace_back([this, i] { serve(i); });
  } catch (const std::exception& refusal) {  // std::system_error, or std::bad_alloc
    end();
    fail("cannot start a thread for each of {} shards that share batch statistics: the system gave {} ({})",
         count, threads_.size() + 1, refusal.what());
  }
}

Lockstep::~Lockstep() { end(); }

void Lockstep::end() {
  ending_ = true;
  for (std::size_t i = 0; i < threads_.size(); ++i) members_[i + 1]->turn.release();
  for (auto& one : threads_) one.join();
}

void Lockstep::run(const std::function<void(std::size_t)>& body) {
  body_ = &body;
  for (const auto& one : members_) one->ended = false;
  threads_of_caller_ = LentThreads();
  work(0);
  // Whoever ends last gives the turn back.
  members_[0]->turn.acquire();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Lockstep::serve(std::size_t which) {
  while (true) {
    members_[which]->turn.acquire();
    if (ending_) return;
    const LentThreads::Use lent(threads_of_caller_);
    work(which);
  }
}

void Lockstep::work(std::size_t which) {
  try {
    if (!failure_) {
      calls_.enter(which);
      (*body_)(which);
      calls_.leave(which);
    }
  } catch (const Abandoned&) {
    // whoever failed has said why
  } catch (...) {
    fail_all(std::current_exception());
  }
  members_[which]->ended = true;
  pass_on(which);
}

void Lockstep::fail_all(std::exception_ptr why) {
  if (!failure_) failure_ = std::move(why);
}

void Lockstep::meet(std::size_t which, std::span<double> values, Join join) {
  Member& member = *members_[which];
  member.values = values;
  join_ = join;
  calls_.leave(which);
  pass_on(which);
  member.turn.acquire();
  if (failure_) throw Abandoned{};
  calls_.enter(which);
}

/// The turn of whoever comes next, from meeting to meeting; after the last of a round they meet.
void Lockstep::pass_on(std::size_t which) {
  for (std::size_t i = which + 1; i < members_.size(); ++i)
    if (!members_[i]->ended) return members_[i]->turn.release();
  std::size_t ended = 0;
  for (const auto& one : members_) ended += one->ended;
  if (ended == members_.size()) return members_[0]->turn.release();
  try {
    if (ended > 0 && !failure_)
      fail("shards that share batch statistics did not run the same layers: one was done before the others");
    if (!failure_) hold_meeting(join_);
  } catch (...) {
    fail_all(std::current_exception());
  }
  for (const auto& one : members_)
    if (!one->ended) return one->turn.release();
}

void Lockstep::hold_meeting(Join join) {
  const std::size_t count = members_.size();
  for (const auto& one : members_)
    if (one->values.size() != members_[0]->values.size())
      fail("shards that share batch statistics did not run the same layers: one has {} numbers, another {}",
           members_[0]->values.size(), one->values.size());
  for (std::size_t apart = 1; apart < count; apart *= 2)
    for (std::size_t i = 0; i + apart < count; i += 2 * apart)
      join(members_[i]->values, members_[i + apart]->values);
  calls_.meet(members_[0]->values, join);
  for (std::size_t i = 1; i < count; ++i)
    std::copy(members_[0]->values.begin(), members_[0]->values.end(), members_[i]->values.begin());
}

}  // namespace fanin::train
