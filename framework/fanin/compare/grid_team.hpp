#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <fanin/compare/grid.hpp>
#include <fanin/compare/kept_runs.hpp>

namespace fanin::compare {

/// How a grid's runs are made: what is kept is taken, several at a time, told one at a time. All that it is given
/// must outlive it.
class GridTeam {
 public:
  /// Hears of a run that ended, as `GridProgress::on_run`.
  using Told = std::function<void(const Run& run, int done, int total, bool reused)>;

  /// Opens the grid's folder, if it has one; Error if that cannot be.
  GridTeam(const Grid& grid, const std::vector<Subject>& subjects, const data::Sets& sets,
           const GridProgress& progress, const std::atomic<bool>& interrupted);
  GridTeam(const GridTeam&) = delete;
  GridTeam& operator=(const GridTeam&) = delete;

  /// The jobs' runs, none for one that was interrupted; `done`, of `total`, counts on through several calls.
  std::vector<std::optional<Run>> run(const std::vector<Job>& jobs, int& done, int total, const Told& told);

 private:
  using Finish = std::function<void(std::size_t job, Run run, bool reused)>;
  GridProgress guarded();
  bool stopped() const { return interrupted_.load(); }
  void hand_out(const std::vector<Job>& jobs, const std::vector<std::string>& prints, const Finish& finish);

  const Grid& grid_;
  const std::vector<Subject>& subjects_;
  const data::Sets& sets_;
  const GridProgress& progress_;
  const std::atomic<bool>& interrupted_;
  std::mutex mutex_;            // guards the callbacks
  const GridProgress guarded_;  // what runs under way tell, one at a time
  KeptRuns kept_;
  std::string data_;
  std::vector<double> costs_;
};

}  // namespace fanin::compare
