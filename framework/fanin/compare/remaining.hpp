#pragma once
#include <map>
#include <optional>
#include <string>

namespace fanin::compare {

/// How long a grid will still take, from the seconds that its finished runs took and the share that those under
/// way have done. It has no clock: `now` is seconds since any moment, the same one in all calls.
class Remaining {
 public:
  /// `runs`: how many of each model there are. `jobs`: how many run at a time.
  Remaining(std::map<std::string, int> runs, int jobs) : runs_(std::move(runs)), jobs_(jobs) {}

  /// A run under way, told by any name of its own, has done `share` (0..1) of its steps.
  void under_way(const std::string& run, const std::string& model, double share, double now);
  /// A run has ended. One that was never under way was taken from before: its time says nothing.
  void ended(const std::string& run, const std::string& model, double now);

  /// Seconds until the last run ends; nothing before one run has said anything.
  std::optional<double> seconds(double now) const;

 private:
  struct UnderWay {
    std::string model;
    double begun = 0, share = 0, told = 0;
    /// What the whole run will take; nothing while too little of it is done to say.
    std::optional<double> whole() const;
  };
  struct Seen {
    int ended = 0, timed = 0;
    double seconds = 0;  // of the timed ones
  };
  std::optional<double> cost_of(const std::string& model) const;

  std::map<std::string, int> runs_;
  int jobs_;
  std::map<std::string, UnderWay> under_way_;
  std::map<std::string, Seen> seen_;
};

/// "8 s", "3 min 5 s", "2 h 10 min".
std::string duration_text(double seconds);

}  // namespace fanin::compare
