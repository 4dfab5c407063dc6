#include <cmath>

#include <fanin/train/class_scores.hpp>

namespace fanin::train {
namespace {

double ratio(Index part, Index whole) {
  return whole == 0 ? NAN : static_cast<double>(part) / static_cast<double>(whole);
}

/// Over what is a number; 0 where nothing is.
double mean(const std::vector<ClassScore>& scores, double ClassScore::*member) {
  double sum = 0;
  int known = 0;
  for (const auto& one : scores) {
    if (std::isnan(one.*member)) continue;
    sum += one.*member;
    ++known;
  }
  return known == 0 ? 0 : sum / known;
}

}  // namespace

std::vector<ClassScore> class_scores(const Confusion& confusion, const std::vector<Index>& samples_of) {
  std::vector<ClassScore> scores(static_cast<std::size_t>(confusion.classes));
  for (int truth = 0; truth < confusion.classes; ++truth) {
    auto& own = scores[static_cast<std::size_t>(truth)];
    own.right = confusion.at(truth, truth);
    for (int guess = 0; guess < confusion.classes; ++guess) {
      own.samples += confusion.at(truth, guess);
      scores[static_cast<std::size_t>(guess)].predicted += confusion.at(truth, guess);
    }
  }
  for (std::size_t c = 0; c < samples_of.size() && c < scores.size(); ++c) scores[c].samples = samples_of[c];
  for (auto& one : scores) {
    one.precision = ratio(one.right, one.predicted);
    one.recall = ratio(one.right, one.samples);
    one.f1 = ratio(2 * one.right, one.samples + one.predicted);
  }
  return scores;
}

double macro_f1(const std::vector<ClassScore>& scores) { return mean(scores, &ClassScore::f1); }
double balanced_accuracy(const std::vector<ClassScore>& scores) { return mean(scores, &ClassScore::recall); }

}  // namespace fanin::train
