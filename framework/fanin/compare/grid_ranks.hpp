#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <fanin/compare/grid.hpp>
#include <fanin/core/ranks.hpp>

namespace fanin::compare {

/// Rank 0's side of a grid that several processes make: hands runs to whoever is free, the longest first, and
/// makes runs itself meanwhile, `jobs` at a time. To be `Grid::hand_out`.
class RunDealer {
 public:
  /// What other ranks may have to tell.
  struct Calls {
    std::function<void()> stop;                         ///< one was asked to stop: all are to
    std::function<void(const std::string& text)> note;  ///< one has a word for whoever reads along
    std::function<void(const std::string& line)> log;   ///< one has a line for the log
  };
  /// `ranks` must outlive it. `jobs`: runs that this rank makes at a time; 0: it only hands out.
  RunDealer(const RankGroup& ranks, int jobs, Calls calls);
  ~RunDealer();
  RunDealer(const RunDealer&) = delete;
  RunDealer& operator=(const RunDealer&) = delete;

  /// Has them all made. When it is stopped, runs under way end after their step, and whoever does not answer
  /// within half a second is left alone. Error (usage) that a run on any rank ended with.
  void operator()(const Assignment& assignment);
  /// Lets the other ranks go: their `serve_runs` return.
  void dismiss();

 private:
  class Deal;
  struct Worker;
  void greet();

  const RankGroup& ranks_;
  int jobs_;
  Calls calls_;
  std::vector<Worker> workers_;  // by rank; the first is this one
  bool greeted_ = false, stopped_ = false;
};

/// Any other rank's side: makes runs as rank 0 hands them out, `grid.jobs` at a time, until it is dismissed.
/// `interrupted` is to become true by `interrupt`, which is called when rank 0 stops the grid; when it does
/// otherwise, rank 0 is told.
class RunServer {
 public:
  /// All that is referred to must outlive it.
  RunServer(const RankGroup& ranks, const Grid& grid, const std::atomic<bool>& interrupted,
            std::function<void()> interrupt);
  ~RunServer();
  RunServer(const RunServer&) = delete;
  RunServer& operator=(const RunServer&) = delete;

  /// Sends rank 0 a word for whoever reads along; from any thread.
  void note(const std::string& text);
  void log(std::string_view line);  ///< a line for the log; likewise
  /// Until it is dismissed. `make` makes a run, on several threads at once where the grid has several jobs.
  void serve(const std::vector<Subject>& subjects, const data::Sets& sets,
             const std::function<decltype(run_one)>& make = run_one);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fanin::compare
