#pragma once
#include <string>

namespace fanin::bench {

struct TableOptions {
  bool quick = false;                       ///< short measures, one pair each: a smoke test
  std::string only = {};                    ///< the workload or section to measure; empty: all
  int pairs = 5;                            ///< measures of each side, taken in turn
  double seconds = 1;                       ///< length of one measure
  std::string python = "/usr/bin/python3";  ///< with PyTorch
  std::string folder = "/usr/share/datasets/fashion-mnist";
  std::string peers = "examples/bench/peers";  ///< where peer_torch.py is
  std::string out = "out/bench";
};

/// Measures fanin and PyTorch in turn, prints the tables, writes results.json and bench.md.
void run_table(const TableOptions& options);

/// The names `only` may take.
std::string sections();

}  // namespace fanin::bench
