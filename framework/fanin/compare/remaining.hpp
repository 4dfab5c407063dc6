#pragma once
#include <map>
#include <optional>
#include <string>

namespace fanin::compare {

/// How long a grid will still take, from the seconds that its finished runs took and the share that those under
/// way have done. Work is counted in whole runs, of which one that chooses a learning rate is a part. It has no
/// clock: `now` is seconds since any moment, the same one in all calls.
class Remaining {
 public:
  /// `work`: how many whole runs there are of each model. `jobs`: how many run at a time.
  Remaining(std::map<std::string, double> work, int jobs) : work_(std::move(work)), jobs_(jobs) {}

  /// A run under way, told by any name of its own, has done `share` (0..1) of its steps; it is `work` of a whole
  /// one.
  void under_way(const std::string& run, const std::string& model, double share, double now, double work = 1);
  /// A run has ended. Of one that was never under way, `work` is how much of a whole one it was, and `took` what
  /// it took, in seconds; 0 where that is not known, as of one that was taken from before.
  void ended(const std::string& run, const std::string& model, double now, double work = 1, double took = 0);
  /// What is left, with what is under way, has turned out to be so many whole runs.
  void left(double work);

  /// Seconds until the last run ends; nothing before one run has said anything.
  std::optional<double> seconds(double now) const;

 private:
  struct UnderWay {
    std::string model;
    double work = 1;
    double begun = 0, share = 0, told = 0;
    /// What the whole run will take; nothing while too little of it is done to say.
    std::optional<double> whole() const;
  };
  struct Seen {
    double ended = 0, timed = 0;  // whole runs
    double seconds = 0;           // of the timed ones
  };
  /// Of a whole run.
  std::optional<double> cost_of(const std::string& model) const;
  /// What has not begun.
  std::map<std::string, double> waiting() const;

  std::map<std::string, double> work_;
  int jobs_;
  std::map<std::string, UnderWay> under_way_;
  std::map<std::string, Seen> seen_;
};

/// "8 s", "3 min 5 s", "2 h 10 min".
std::string duration_text(double seconds);

}  // namespace fanin::compare
