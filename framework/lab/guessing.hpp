#pragma once
#include "framework/data/dataset.hpp"

namespace fanin::lab {

/// The accuracy of naming the set's most frequent class every time.
double guessing_accuracy(const Dataset& data);

/// Whether an accuracy on this set lies within three standard errors of guessing, or below.
bool no_better_than_guessing(double accuracy, const Dataset& data);

}  // namespace fanin::lab
