#pragma once
#include <functional>
#include <string>
#include <vector>

#include <fanin/core/ranks.hpp>

namespace fanin::program {

/// Runs `body`. Where a launcher (mpirun, srun) started this process with others, and the command is one that
/// is shared out, all of them join first, and only rank 0 speaks: an Error that all have is told once, one
/// that some have with its rank, and other command lines, folders, versions or builds of the program than rank
/// 0's are an Error (usage) before any work. Error (usage) also where this program was built without MPI, or its
/// shared object cannot be opened. Started by nobody, it is `body()` alone.
int launched(const std::vector<std::string>& words, const std::function<int()>& body);

/// The processes that work together; null where this one works alone.
const RankGroup* ranks();
/// Whether this one is the first of them, which writes; so is one that works alone.
bool is_first();

/// Calls `step` on every rank, and goes on only where it succeeded on all of them: else everybody throws the
/// Error of the lowest rank that has one.
void in_step(const std::function<void()>& step);
/// Error (usage), on every rank, that names the rank and its machine where `same` is not rank 0's; `what` it is
/// called.
void require_same(const std::string& what, const std::string& same);

/// From here on this rank's Errors are its own: the others have left, or have nothing more to do.
void on_its_own();

}  // namespace fanin::program
