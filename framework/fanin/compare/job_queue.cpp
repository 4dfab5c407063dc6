#include <fanin/compare/job_queue.hpp>

namespace fanin::compare {

JobQueue::JobQueue(const Assignment& assignment)
    : assignment_(assignment), by_subject_(assignment.subjects.size()), seen_(assignment.subjects.size()) {
  for (std::size_t i = 0; i < assignment.jobs.size(); ++i) by_subject_[subject_of(i)].push_back(i);
  count_ = assignment.jobs.size();
}

std::optional<std::size_t> JobQueue::take() {
  const std::lock_guard lock(mutex_);
  if (count_ == 0) return std::nullopt;
  std::size_t longest = by_subject_.size();
  for (std::size_t s = 0; s < by_subject_.size(); ++s)
    if (!by_subject_[s].empty() && (longest == by_subject_.size() || cost(s) > cost(longest))) longest = s;
  const std::size_t job = by_subject_[longest].front();
  by_subject_[longest].pop_front();
  --count_;
  return job;
}

std::size_t JobQueue::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

void JobQueue::clear() {
  const std::lock_guard lock(mutex_);
  for (auto& one : by_subject_) one.clear();
  count_ = 0;
}

void JobQueue::learn(std::size_t job, double seconds) {
  if (!(seconds > 0)) return;
  const std::lock_guard lock(mutex_);
  Seen& seen = seen_[subject_of(job)];
  seen.seconds += seconds;
  seen.foretold += assignment_.costs[subject_of(job)];
  ++seen.runs;
  all_.seconds += seconds;
  all_.foretold += assignment_.costs[subject_of(job)];
}

std::size_t JobQueue::subject_of(std::size_t job) const {
  return static_cast<std::size_t>(assignment_.jobs[job].subject - assignment_.subjects.data());
}

/// Of a subject of which none has ended: what was foretold, times what that was worth of others.
double JobQueue::cost(std::size_t subject) const {
  const Seen& seen = seen_[subject];
  if (seen.runs > 0) return seen.seconds / seen.runs;
  const double foretold = assignment_.costs[subject];
  return all_.foretold > 0 ? foretold * all_.seconds / all_.foretold : foretold;
}

}  // namespace fanin::compare
