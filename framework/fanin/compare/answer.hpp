#pragma once
#include <string>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// What the whole comparison says, in a sentence for each model: which scheme wins and by how much, with the
/// interval; what cannot be told apart from it; what learned nothing.
std::string answer(const Comparison& comparison);

}  // namespace fanin::compare
