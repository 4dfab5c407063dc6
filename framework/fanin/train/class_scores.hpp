#pragma once
#include <vector>

#include <fanin/train/metrics.hpp>

namespace fanin::train {

/// How well one class is told from the others. NaN where there is nothing to divide by: precision of a class
/// that is never predicted, recall of one without samples, F1 of one that is neither.
struct ClassScore {
  Index samples = 0, predicted = 0, right = 0;  ///< that are of it, that were called it, and that are both
  double precision = 0, recall = 0;             ///< right / predicted, right / samples
  double f1 = 0;  ///< 2 · right / (samples + predicted): precision and recall's harmonic mean
};

/// One for each class. Of samples that were given no class (logits of NaN), `samples_of` knows: how many each
/// class has in all; empty: those of the confusion.
std::vector<ClassScore> class_scores(const Confusion& confusion, const std::vector<Index>& samples_of = {});

/// The mean F1 over the classes that have samples or are predicted (scikit-learn's
/// f1_score(average="macro")); 0 where there is none.
double macro_f1(const std::vector<ClassScore>& scores);
/// The mean recall over the classes that have samples (balanced_accuracy_score); 0 where there is none.
double balanced_accuracy(const std::vector<ClassScore>& scores);

}  // namespace fanin::train
