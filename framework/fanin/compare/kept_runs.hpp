#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <fanin/compare/results.hpp>
#include <fanin/compare/run_journal.hpp>

namespace fanin::compare {

/// Finished runs in a folder, each in a file named by what it is a run of. A file holds the text of
/// everything that its result depends on, and a checksum: one that was damaged, or got another run's name, is
/// never taken for a result.
class KeptRuns {
 public:
  /// Told in a sentence of what could not be used or kept.
  using Notice = std::function<void(const std::string&)>;

  /// Makes the folder; Error when it cannot be written. An empty name: nothing is kept. With `journalled`,
  /// what `append` is given is kept in the folder's journal, which is read in any case.
  explicit KeptRuns(const std::string& folder, Notice notice = {}, bool journalled = false);

  /// The run that was kept under this key and `print`, its fingerprint. Nothing where there is none; nothing,
  /// and a notice naming the file and what is wrong, where the file is not such a run, whatever lies there
  /// instead.
  std::optional<Run> find(const Run& key, const std::string& print) const;
  /// Keeps a run. One that cannot be written is told in a notice, and lost to a later grid alone.
  void keep(const Run& run, const Run& key, const std::string& print) const;
  /// Keeps the bytes of a run (run_bytes.hpp) as `RunJournal::append` does; where nothing is kept, `kept` is
  /// called at once.
  void append(const std::string& print, std::string& run, RunJournal::Kept kept) const;
  /// Waits for all that was appended.
  void flush() const;

 private:
  std::string path_of(const Run& key, const std::string& print) const;
  void tell(const std::string& notice) const;

  std::string folder_;
  Notice notice_;
  std::unique_ptr<RunJournal> journal_;
};

}  // namespace fanin::compare
