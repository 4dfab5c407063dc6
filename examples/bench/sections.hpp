#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "examples/bench/child.hpp"
#include "examples/bench/figures.hpp"
#include "examples/bench/table.hpp"
#include "examples/bench/workloads.hpp"

namespace fanin::bench {

/// Who starts a peer, and the yardstick: without what this machine may say of OpenBLAS, so that it takes the
/// kernels that suit the CPU, as it would at a user's.
inline const Command unpinned = {"/usr/bin/env", "-u", "OPENBLAS_CORETYPE", "-u", "OPENBLAS_L2_SIZE"};

/// glibc's malloc gives PyTorch's larger tensors back to the system after every step, in some processes and
/// not in others, by how its heap happens to lie; it is then up to six times slower. As few users know, it
/// can be told to keep them.
inline const Command keeping_its_heap =
    unpinned + Command{"MALLOC_MMAP_THRESHOLD_=33554432", "MALLOC_TRIM_THRESHOLD_=17179869184"};

/// A peer, or fanin itself, at one workload: its measures, and the loss of fixed samples before and after them.
struct Contender {
  std::unique_ptr<Child> child = {};
  Samples rates = {};
  double loss_before = 0, loss_after = 0;

  Contender() = default;  ///< one that is not there: it has no measures
  explicit Contender(const Command& command);
  void measure();
  void finish();
  double fall() const { return loss_before - loss_after; }
};

/// The frameworks in C++ that Debian has, and the programs that measure them.
inline const std::vector<std::pair<std::string, std::string>> cpp_peers = {
    {"PyTorch's C++", "peer_libtorch"}, {"dlib", "peer_dlib"}, {"tiny-dnn", "peer_tiny_dnn"}};

/// What every section needs: the options, the programs to run, and the report that grows.
class Bench {
 public:
  explicit Bench(const TableOptions& chosen);

  Command torch(const Command& arguments) const;
  Command torch_training(const Workload& workload, Index batch, const std::string& threads) const;
  Command fanin(const Workload& workload, Index batch, int threads) const;
  /// A comparison of the mlp over `schemes`, one epoch each.
  Command comparison(const std::vector<std::string>& schemes, int jobs, int seeds = 1) const;
  /// A program built along with this one.
  static std::string beside(const std::string& name);
  std::string length() const;
  int whole_pairs() const {
    return options.quick ? 1 : std::min(options.pairs, 3);
  }  ///< of programs that run for long

  /// Whether `peer`'s loss fell at least half as far as fanin's; a remark where it did not, since its figures
  /// then say nothing.
  bool learned(const std::string& what, const Contender& peer, const Contender& fanin);
  void section(const std::string& title, const std::vector<std::vector<std::string>>& rows);
  /// A remark on which kernels a program's OpenBLAS chose, in its own words.
  void tell_of(const std::string& name, const Command& about);
  void remark(const std::string& text) { remarks.push_back(text); }

  TableOptions options;
  std::string folder, data = "fashion-mnist";  ///< without a folder the data are synthetic
  bool has_torch = false;
  std::string report;
  std::vector<std::string> remarks;
};

/// Samples/s of each workload, and of whole comparisons.
class TrainingTable {
 public:
  explicit TrainingTable(Bench& bench) : bench_(bench) {}
  void measure(const Workload& workload);
  void measure_comparison();
  /// Adds the table to the report.
  void finish();
  /// The rows as results.json has them.
  std::string json() const;

 private:
  /// Samples/s, measured in turn.
  struct Row {
    std::string workload;
    Index batch = 1;
    int threads = 1;
    Samples fanin, torch, tuned = {};
    Figure limit = {};

    Figure ratio() const { return median_ratio(fanin, torch); }
    Figure ratio_to_tuned() const { return median_ratio(fanin, tuned); }
  };
  void add(Row row);

  Bench& bench_;
  Samples rates_;
  std::vector<Row> rows_;
};

void measure_frameworks(Bench& bench);
void measure_initializers(Bench& bench);
void measure_memory(Bench& bench);
void measure_startup(Bench& bench);
void measure_scaling(Bench& bench);

}  // namespace fanin::bench
