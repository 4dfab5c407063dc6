#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include <fanin/compare/grid_messages.hpp>
#include <fanin/compare/grid_ranks.hpp>
#include <fanin/compare/run_bytes.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/job_team.hpp>

namespace fanin::compare {

struct RunServer::State {
  const RankGroup& ranks;
  const Grid& grid;
  const std::atomic<bool>& interrupted;
  std::function<void()> interrupt;

  struct Outgoing {
    Message tag;
    std::string bytes;
  };
  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::deque<RunWanted> wanted = {};
  std::deque<Outgoing> outbox = {};
  bool dismissed = false;

  void say(Message tag, std::string bytes) {
    {
      const std::lock_guard lock(mutex);
      outbox.push_back({tag, std::move(bytes)});
    }
    changed.notify_all();
  }

  std::optional<RunWanted> next() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return dismissed || !wanted.empty(); });
    if (wanted.empty()) return std::nullopt;
    const RunWanted one = wanted.front();
    wanted.pop_front();
    return one;
  }

  void make(const RunWanted& one, const std::vector<Subject>& subjects, const data::Sets& sets,
            const std::function<decltype(run_one)>& make_run) {
    const Job job{.subject = &subjects.at(one.subject),
                  .scheme = &grid.schemes.at(one.scheme),
                  .seed = one.seed,
                  .lr = one.lr,
                  .rate = one.rate,
                  .tuning_share = one.tuning_share};
    GridProgress progress;
    // A run that is over as soon has nothing to tell but that: rank 0 hears of thousands a second.
    progress.on_step = [&, told = std::chrono::steady_clock::now()](const StepTaken& at) mutable {
      const auto now = std::chrono::steady_clock::now();
      if (now - told < std::chrono::milliseconds(500)) return;
      told = now;
      say(step_made, message_of(StepMade{one.job, at.step, at.steps, at.epochs}));
    };
    if (one.tells_epochs)
      progress.on_epoch = [&](const auto&, const auto&, std::uint64_t, const EpochRecord& record) {
        say(epoch_made, message_of(EpochMade{one.job, record}));
      };
    RunMade whose{.job = one.job};
    try {
      if (interrupted) return say(run_made, message_of(whose));
      const Run run = make_run(grid, job, sets, progress, interrupted);
      whose.seconds = run.seconds;
      whose.failed = run.status == Status::failed;
      say(run_made, (run.status == Status::interrupted ? std::string() : run_bytes(run)) + message_of(whose));
    } catch (const std::exception& error) {  // run_one makes all others but usage Errors a failed run
      say(run_refused, error.what() + message_of(whose));
    }
  }

  void listen() {
    Pause pause;
    bool told = false;
    while (true) {
      bool heard = false;
      while (const auto one = ranks.waiting()) {
        heard = true;
        const std::string message = receive(ranks, *one);
        const std::lock_guard lock(mutex);
        if (one->tag == make_run) wanted.push_back(value_in<RunWanted>(message));
        if (one->tag == stop_runs) told = true, interrupt();
        if (one->tag == go_home) dismissed = true;
        changed.notify_all();
      }
      if (heard) pause.heard();
      if (interrupted && !std::exchange(told, true)) send(ranks, 0, asked_to_stop);
      std::unique_lock lock(mutex);
      if (outbox.empty() && !dismissed) changed.wait_for(lock, pause.next());
      std::deque<Outgoing> now;
      std::swap(now, outbox);
      if (dismissed && now.empty()) return;
      lock.unlock();
      for (const Outgoing& one : now) send(ranks, 0, one.tag, one.bytes);
      if (!now.empty()) pause.heard();
    }
  }
};

RunServer::RunServer(const RankGroup& ranks, const Grid& grid, const std::atomic<bool>& interrupted,
                     std::function<void()> interrupt)
    : state_(new State{.ranks = ranks,
                       .grid = grid,
                       .interrupted = interrupted,
                       .interrupt = std::move(interrupt),
                       .mutex = {},
                       .changed = {}}) {}
RunServer::~RunServer() = default;

void RunServer::note(const std::string& text) { state_->say(word_to_say, text); }
void RunServer::log(std::string_view line) { state_->say(line_to_log, std::string(line)); }

void RunServer::serve(const std::vector<Subject>& subjects, const data::Sets& sets,
                      const std::function<decltype(run_one)>& make) {
  State& s = *state_;
  send(s.ranks, 0, at_work, message_of(s.grid.jobs));
  std::thread team([&] {
    try {
      run_jobs(static_cast<std::size_t>(s.grid.jobs), s.grid.jobs, [&](std::size_t) {
        while (const auto one = s.next()) s.make(*one, subjects, sets, make);
      });
    } catch (const std::exception& error) {  // the system refuses a thread
      s.say(run_refused, error.what() + message_of(RunMade{.job = ~std::uint64_t{0}}));
    }
  });
  struct Joining {
    State& state;
    std::thread& thread;
    ~Joining() {
      {
        const std::lock_guard lock(state.mutex);
        state.dismissed = true;
        state.wanted.clear();
      }
      state.interrupt();
      state.changed.notify_all();
      thread.join();
    }
  } const joining{s, team};
  s.listen();
  send(s.ranks, 0, gone);
}

}  // namespace fanin::compare
