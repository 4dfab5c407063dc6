#pragma once
#include <fanin/data/dataset.hpp>

namespace fanin::compare {

/// The accuracy of naming the set's most frequent class every time.
double guessing_accuracy(const data::Dataset& data);

/// The accuracy on this set that guessing may reach by luck: three standard errors above guessing.
double luck_of_guessing(const data::Dataset& data);

/// Whether an accuracy on this set lies within three standard errors of guessing, or below.
bool no_better_than_guessing(double accuracy, const data::Dataset& data);

}  // namespace fanin::compare
