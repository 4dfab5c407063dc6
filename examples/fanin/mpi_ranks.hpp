#pragma once
#include <string>
#include <vector>

#include <fanin/core/ranks.hpp>

#include "examples/fanin/mpi/mpi_calls.hpp"

namespace fanin::program {

/// MPI's calls, out of the shared object beside the program. Null, and `why`, where there is none that can be
/// used, or this program was built without.
const MpiCalls* open_mpi(std::string& why);

/// "Open MPI v4.1.4", "none", or why there is none, for `--version`.
std::string mpi_text();

/// What all ranks of a job have in common once they have joined. A call of MPI's that fails is an Error.
class MpiRanks {
 public:
  /// Joins the others that a launcher started; `calls` must outlive it.
  explicit MpiRanks(const MpiCalls& calls);
  MpiRanks(const MpiRanks&) = delete;
  MpiRanks& operator=(const MpiRanks&) = delete;

  const RankGroup& ranks() const { return ranks_; }   ///< by MPI
  void leave() { check("leave", calls_.leave()); }    ///< waits for all the others
  void abort(int code) const { calls_.abort(code); }  ///< ends them all

 private:
  void check(const char* what, int error) const;
  std::vector<std::string> gather(const std::string& mine) const;

  const MpiCalls& calls_;
  RankGroup ranks_;
};

}  // namespace fanin::program
