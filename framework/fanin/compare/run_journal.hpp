#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// Finished runs one behind the other in one file, for grids that finish more of them than there is time to
/// sync files for: those that are there when the disk is ready are written and synced together. Each has its
/// fingerprint and a checksum; what a process that was killed left half written is passed over, and so is what
/// was damaged.
class RunJournal {
 public:
  /// Told in a sentence of what could not be used or kept.
  using Notice = std::function<void(const std::string&)>;

  /// Reads what is in the file at `path`; with `append`, which makes the file, Error where another process
  /// appends to it, or it cannot be written.
  RunJournal(std::string path, bool append, Notice notice = {});
  ~RunJournal();
  RunJournal(const RunJournal&) = delete;
  RunJournal& operator=(const RunJournal&) = delete;

  /// The run that was there with this fingerprint when the journal was opened.
  std::optional<Run> find(const std::string& print) const;
  /// Told of a run's bytes.
  using Kept = std::function<void(std::string_view run)>;
  /// Takes `run`, the bytes of `run_bytes`, leaves memory of another run in its place, and returns at once. `kept`
  /// is called, on a thread of the journal's own, once they are on the disk, or could not be written, which is
  /// told in a notice.
  void append(const std::string& print, std::string& run, Kept kept);
  /// Waits until all that was appended has been kept.
  void flush();

 private:
  struct Place {
    std::size_t begin, size;  // of the run's bytes
  };
  struct Pending {
    std::string before, run;  // what stands before it in the file, and its bytes
    Kept kept;
  };
  void read(bool append);
  void write_batches();
  int write_all(const std::vector<Pending>& batch);
  void tell(const std::string& notice) const;

  std::string path_;
  Notice notice_;
  int file_ = -1;
  std::string_view bytes_;               // of the file as it was opened, mapped
  std::map<std::string, Place> places_;  // by fingerprint
  std::mutex mutex_;                     // guards what follows
  std::condition_variable changed_;
  std::vector<Pending> pending_;
  std::vector<std::string> spare_;  // memory of runs that are written
  bool writing_ = false, ending_ = false, flushing_ = false;
  std::thread writer_;
};

}  // namespace fanin::compare
