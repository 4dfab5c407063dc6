#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fanin/data/sets.hpp>
#include <fanin/train/checkpoint.hpp>

namespace fanin::train {

struct TrainResult;

/// A run's log for other programs: a JSON object a line, written as soon as it is known, so that `tail -f`,
/// jq and pandas read along. Each has a `kind`:
///
///     run    how a run begins: `schema` (the version of this form), `version` (fanin's), `time`, `step`
///            (updates made before: above 0 for a run that is resumed), `epochs`, `images` in each set,
///            `settings`
///     step   an update: `step` (from 1), `epoch` (from 1), `loss` and `lr` it was made with, `seconds` in
///            training steps so far
///     epoch  the end of one: `epoch`, `step`, losses and accuracies by set, `seconds` in its training steps
///     end    `status`, `steps`, `best_epoch`, the validation and test set with the final weights, `seconds`,
///            and `lost`: objects before it that could not be written
///
/// What is not known, or not finite, is null. Further fields may come with a later version; `schema` grows
/// when one changes its meaning. A value whose copies write into one file, from several threads too.
class JsonLog {
 public:
  /// Told in a sentence of the first object that could not be written.
  using Notice = std::function<void(const std::string&)>;

  /// What stands in objects besides, by its key; settings become an object of their own.
  using Label = std::variant<bool, std::int64_t, std::uint64_t, double, std::string, SettingTexts>;
  using Labels = std::vector<std::pair<std::string, Label>>;  ///< in their order

  JsonLog() = default;  ///< nowhere
  /// Opens the file, empty or, to `append`, as it is. `facts` are put into every `run`. Error when it cannot
  /// be opened for writing.
  JsonLog(const std::string& path, bool append, const Labels& facts, Notice notice = {});
  /// What would be written goes to `sink`, whole lines at a time: to where another process writes it by `line`.
  JsonLog(std::function<void(std::string_view line)> sink, const Labels& facts);
  /// The same file, with `labels` in every object: which of several runs it is of.
  JsonLog labelled(const Labels& labels) const;

  explicit operator bool() const { return file_ != nullptr; }  ///< whether it is written anywhere
  /// Objects that could not be written so far: what is in the file is whole, but not all.
  Index lost() const;
  const std::string& path() const;  ///< as given; empty for nowhere
  /// Error that counts the objects which could not be written, if any.
  void require_whole() const;

  /// @{
  /// An object of that kind. A write that fails is told once and counted, and the run goes on; so does the
  /// log where there is room again.
  void run(Index step, int epochs, const data::Sets& sets, const SettingTexts& settings) const;
  void step(Index step, Index epoch, double loss, double lr, double seconds) const;
  void epoch(Index step, const EpochRecord& record) const;
  void end(const TrainResult& result) const;
  void line(std::string_view whole) const;  ///< as another log's sink was given it
                                            /// @}

 private:
  class File;
  std::shared_ptr<File> file_;
  std::string labels_;  // `,"key":value` for each
};

}  // namespace fanin::train
