#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <thread>

#include <fanin/compare/grid_messages.hpp>
#include <fanin/compare/grid_ranks.hpp>
#include <fanin/compare/job_queue.hpp>
#include <fanin/compare/run_bytes.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/job_team.hpp>

namespace fanin::compare {

struct RunDealer::Worker {
  int jobs = 0;                           // that it makes at a time
  std::set<std::size_t> handed_out = {};  // and not back yet
};

/// One assignment's course.
class RunDealer::Deal {
 public:
  Deal(RunDealer& dealer, const Assignment& assignment)
      : dealer_(dealer), ranks_(dealer.ranks_), assignment_(assignment), waiting_(assignment) {}

  void run() {
    // This rank's own runs have threads of their own; the calling one listens to the others.
    std::exception_ptr failure;
    std::atomic<bool> own_done{dealer_.jobs_ == 0};
    std::thread own;
    if (dealer_.jobs_ > 0) {
      own = std::thread([&] {
        try {
          run_jobs(static_cast<std::size_t>(dealer_.jobs_), dealer_.jobs_,
                   [this](std::size_t) { make_own(); });
        } catch (...) {
          failure = std::current_exception();
          broken_ = true;
        }
        own_done = true;
        changed_.notify_all();
      });
    }
    struct Joining {
      std::thread& thread;
      Deal& deal;
      ~Joining() {
        deal.broken_ = true;
        deal.waiting_.clear();
        if (thread.joinable()) thread.join();
      }
    } const joining{own, *this};
    for (int rank = 1; rank < ranks_.size && !stops(); ++rank) hand_to(rank);
    Pause pause;
    std::optional<Pause::Clock::time_point> stopped_at;
    while (true) {
      bool heard = false;
      while (const auto one = ranks_.waiting()) {
        hear(*one);
        heard = true;
      }
      if (heard) pause.heard();
      if (!stopped_at && stops()) {
        stopped_at = Pause::Clock::now();
        waiting_.clear();
        stop_all();
      }
      if (own_done && out_ == 0 && waiting_.count() == 0) break;
      const bool late = stopped_at && Pause::Clock::now() - *stopped_at > std::chrono::milliseconds(500);
      if (own_done && late) break;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, pause.next());
    }
    for (Worker& one : dealer_.workers_) one.handed_out.clear();
    if (own.joinable()) own.join();
    if (failure) std::rethrow_exception(failure);
    if (!refusal_.empty()) fail_usage("{}", refusal_);
  }

 private:
  bool stops() const { return broken_ || assignment_.stopped(); }

  void make_own() {
    while (!stops()) {
      const auto job = waiting_.take();
      if (!job) return;
      const Run run = assignment_.make(*job);
      waiting_.learn(*job, run.seconds);
      if (run.status == Status::interrupted) return;
      std::string bytes = run_bytes(run);
      assignment_.made(*job, bytes, run.status == Status::failed);
    }
  }

  /// As many runs as the rank makes at a time and, while there are plenty, some more, so that it need not wait
  /// for the next.
  void hand_to(int rank) {
    Worker& worker = dealer_.workers_[static_cast<std::size_t>(rank)];
    const auto jobs = static_cast<std::size_t>(worker.jobs);
    while (true) {
      const bool plenty = waiting_.count() > 4 * static_cast<std::size_t>(ranks_.size) * jobs;
      if (worker.handed_out.size() >= jobs + (plenty ? (jobs + 3) / 4 : 0)) return;
      const auto job = waiting_.take();
      if (!job) return;
      const Job& one = assignment_.jobs[*job];
      worker.handed_out.insert(*job);
      ++out_;
      send(ranks_, rank, make_run,
           message_of(
               RunWanted{.job = *job,
                         .subject = static_cast<std::uint64_t>(one.subject - assignment_.subjects.data()),
                         .scheme = static_cast<std::uint64_t>(one.scheme - assignment_.first_scheme),
                         .seed = one.seed,
                         .lr = one.lr,
                         .tuning_share = one.tuning_share,
                         .rate = one.rate,
                         .tells_epochs = static_cast<bool>(assignment_.progress.on_epoch)}));
    }
  }

  void stop_all() {
    if (std::exchange(dealer_.stopped_, true)) return;
    for (int rank = 1; rank < ranks_.size; ++rank) send(ranks_, rank, stop_runs);
  }

  /// A job that this rank was given; of another it may be a word that came late.
  bool is_out(int rank, std::uint64_t job) const {
    return dealer_.workers_[static_cast<std::size_t>(rank)].handed_out.contains(job);
  }

  /// Whether it was given out by this assignment.
  bool is_back(Worker& worker, std::uint64_t job) {
    const bool was_out = worker.handed_out.erase(job) > 0;
    if (was_out) --out_;
    return was_out;
  }

  void hear(const RankGroup::Waiting& from) {
    std::string& message = message_;
    receive(ranks_, from, message);
    Worker& worker = dealer_.workers_[static_cast<std::size_t>(from.from)];
    const GridProgress& progress = assignment_.progress;
    switch (from.tag) {
      case run_made: {
        const auto made = value_off<RunMade>(message);
        // Its rank goes on before its bytes are looked at.
        const bool was_out = is_back(worker, made.job);
        if (!stops()) hand_to(from.from);
        if (was_out) take(made, message, from.from);
        break;
      }
      case run_refused:
        is_back(worker, value_off<RunMade>(message).job);
        if (refusal_.empty()) refusal_ = message;
        broken_ = true;
        break;
      case step_made:
        if (const auto at = value_in<StepMade>(message); is_out(from.from, at.job) && progress.on_step) {
          const Job& one = assignment_.jobs[at.job];
          progress.on_step({one.subject->name, one.scheme->label, one.seed, one.rate, one.lr,
                            one.tuning_share, at.step, at.steps, at.epochs});
        }
        break;
      case epoch_made:
        if (const auto at = value_in<EpochMade>(message); is_out(from.from, at.job) && progress.on_epoch) {
          const Job& one = assignment_.jobs[at.job];
          progress.on_epoch(one.subject->name, one.scheme->label, one.seed, at.record);
        }
        break;
      case asked_to_stop:
        if (dealer_.calls_.stop) dealer_.calls_.stop();
        break;
      case word_to_say:
        if (dealer_.calls_.note) dealer_.calls_.note(message);
        break;
      case line_to_log:
        if (dealer_.calls_.log) dealer_.calls_.log(message);
        break;
      default:
        break;
    }
  }

  void take(const RunMade& made, std::string& bytes, int rank) {
    if (bytes.empty()) return;  // it was interrupted
    if (!are_of_a_run(bytes)) fail("rank {} sent what is no run; are all ranks of this version?", rank);
    waiting_.learn(made.job, made.seconds);
    assignment_.made(made.job, bytes, made.failed);
  }

  RunDealer& dealer_;
  const RankGroup& ranks_;
  const Assignment& assignment_;
  JobQueue waiting_;
  std::atomic<bool> broken_{false};
  std::string refusal_, message_;
  std::size_t out_ = 0;  // jobs that other ranks have
  std::mutex mutex_;
  std::condition_variable changed_;
};

RunDealer::RunDealer(const RankGroup& ranks, int jobs, Calls calls)
    : ranks_(ranks), jobs_(jobs), calls_(std::move(calls)), workers_(static_cast<std::size_t>(ranks.size)) {}
RunDealer::~RunDealer() = default;

/// Every rank says how many runs it makes at a time, once.
void RunDealer::greet() {
  if (std::exchange(greeted_, true)) return;
  for (int rank = 1; rank < ranks_.size; ++rank) {
    int jobs = 0;
    ranks_.receive(rank, at_work, std::as_writable_bytes(std::span(&jobs, 1)));
    workers_[static_cast<std::size_t>(rank)].jobs = jobs;
  }
}

void RunDealer::operator()(const Assignment& assignment) {
  greet();
  Deal(*this, assignment).run();
}

void RunDealer::dismiss() {
  greet();
  for (int rank = 1; rank < ranks_.size; ++rank) send(ranks_, rank, go_home);
  // What they still have to say is heard, so that they can end.
  int left = ranks_.size - 1;
  Pause pause;
  for (const auto begin = Pause::Clock::now();
       left > 0 && Pause::Clock::now() - begin < std::chrono::seconds(1);) {
    if (const auto one = ranks_.waiting()) {
      receive(ranks_, *one);
      left -= one->tag == gone;
    } else {
      std::this_thread::sleep_for(pause.next());
    }
  }
}

}  // namespace fanin::compare
