#include <algorithm>
#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/train/history.hpp>
#include <fanin/train/metrics.hpp>

namespace fanin::train {
namespace {

std::int32_t predicted(const real* row, Index classes) {
  const real* best = row;
  for (const real* at = row; at != row + classes; ++at) {
    if (std::isnan(*at)) return -1;
    if (*at > *best) best = at;
  }
  return static_cast<std::int32_t>(best - row);
}

}  // namespace

void predictions(const Tensor& logits, std::span<std::int32_t> classes) {
  if (logits.rank() != 2 || logits.size(0) != static_cast<Index>(classes.size()) || logits.size(1) < 1) {
    fail("predictions: logits must be [{}, classes], got shape {}", classes.size(),
         logits.shape().to_string());
  }
  const Index width = logits.size(1);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    classes[i] = predicted(logits.data() + static_cast<Index>(i) * width, width);
  }
}

Index count_correct(const Tensor& logits, std::span<const std::int32_t> labels) {
  if (logits.rank() != 2 || logits.size(0) != static_cast<Index>(labels.size()) || logits.size(1) < 1) {
    fail("count_correct: logits must be [{}, classes] for {} labels, got shape {}", labels.size(),
         labels.size(), logits.shape().to_string());
  }
  const Index width = logits.size(1);
  Index correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    correct += predicted(logits.data() + static_cast<Index>(i) * width, width) == labels[i];
  }
  return correct;
}

Evaluation evaluate(const nn::Module& model, const data::Dataset& data, Index batch_size,
                    const data::Normalization& normalization) {
  data::Loader loader(data, {.batch = batch_size, .transform = data::Transform().normalize(normalization)});
  Evaluation result;
  const auto classes = static_cast<std::size_t>(data.classes);
  result.confusion = {data.classes, std::vector<Index>(classes * classes)};
  double loss_sum = 0;
  Index correct = 0;
  std::vector<std::int32_t> guesses;
  for (data::Batch batch; loader.next(batch);) {
    const Tensor logits = model.predict(batch.images);
    if (logits.rank() != 2 || logits.size(1) != data.classes) {
      fail("evaluate: the model gives logits of shape {}, data set '{}' has {} classes",
           logits.shape().to_string(), data.name, data.classes);
    }
    loss_sum += static_cast<double>(ops::cross_entropy(logits, batch.labels).item()) *
                static_cast<double>(batch.size());
    guesses.resize(batch.labels.size());
    predictions(logits, guesses);
    for (std::size_t i = 0; i < guesses.size(); ++i) {
      correct += guesses[i] == batch.labels[i];
      if (guesses[i] < 0) {
        ++result.undecided;
        continue;
      }
      ++result.confusion.counts[static_cast<std::size_t>(batch.labels[i]) * classes +
                                static_cast<std::size_t>(guesses[i])];
    }
  }
  result.count = data.count;
  result.loss = loss_sum / static_cast<double>(data.count);
  result.accuracy =
      result.undecided > 0 ? unknown : static_cast<double>(correct) / static_cast<double>(data.count);
  return result;
}

}  // namespace fanin::train
