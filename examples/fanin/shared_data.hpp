#pragma once
#include <functional>

#include <fanin/core/ranks.hpp>
#include <fanin/data/sets.hpp>

namespace fanin::program {

/// What `load` gives, called once a machine: its first rank reads the files, and the others take what it read
/// from memory that they share. An Error of `load` is thrown on all of them.
data::Sets loaded_once(const RankGroup& ranks, const std::function<data::Sets()>& load);

}  // namespace fanin::program
