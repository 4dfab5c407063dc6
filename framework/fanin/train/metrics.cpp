#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include <fanin/core/fail.hpp>
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

/// What each rank found of its batches, together: a batch's loss is one rank's and nothing of the others.
void add_others(const RankGroup& ranks, std::vector<double>& losses, Index& correct, Evaluation& found) {
  std::string mine;
  const auto put = [&mine](const void* from, std::size_t bytes) {
    mine.append(static_cast<const char*>(from), bytes);
  };
  std::vector<Index>& counts = found.confusion.counts;
  put(losses.data(), losses.size() * sizeof(double));
  put(counts.data(), counts.size() * sizeof(Index));
  put(&correct, sizeof correct);
  put(&found.undecided, sizeof found.undecided);
  const std::vector<std::string> all = ranks.gather(mine);
  for (int rank = 0; rank < ranks.size; ++rank) {
    if (rank == ranks.rank) continue;
    const char* at = all[static_cast<std::size_t>(rank)].data();
    const auto take = [&at](auto value) {
      std::memcpy(&value, at, sizeof value);
      at += sizeof value;
      return value;
    };
    for (std::size_t batch = 0; batch < losses.size(); ++batch) {
      const double loss = take(0.0);
      if (static_cast<int>(batch % static_cast<std::size_t>(ranks.size)) == rank) losses[batch] = loss;
    }
    for (Index& count : counts) count += take(Index{0});
    correct += take(Index{0});
    found.undecided += take(Index{0});
  }
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
                    const data::Normalization& normalization, const RankGroup* ranks) {
  data::Loader loader(data, {.batch = batch_size, .transform = data::Transform().normalize(normalization)});
  Evaluation result;
  const auto classes = static_cast<std::size_t>(data.classes);
  result.confusion = {data.classes, std::vector<Index>(classes * classes)};
  std::vector<double> losses(static_cast<std::size_t>(loader.batches()));  // sums over each batch
  Index correct = 0;
  std::vector<std::int32_t> guesses;
  const Index first = ranks ? ranks->rank : 0, every = ranks ? ranks->size : 1;
  data::Batch batch;
  for (Index number = first; number < loader.batches(); number += every) {
    if (every > 1) loader.seek({0, number});
    loader.next(batch);
    const Tensor logits = model.predict(batch.images);
    if (logits.rank() != 2 || logits.size(1) != data.classes) {
      fail("evaluate: the model gives logits of shape {}, data set '{}' has {} classes",
           logits.shape().to_string(), data.name, data.classes);
    }
    losses[static_cast<std::size_t>(number)] =
        static_cast<double>(ops::cross_entropy(logits, batch.labels).item()) *
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
  if (every > 1) add_others(*ranks, losses, correct, result);
  double loss_sum = 0;
  for (const double loss : losses) loss_sum += loss;
  result.count = data.count;
  result.loss = loss_sum / static_cast<double>(data.count);
  result.accuracy =
      result.undecided > 0 ? unknown : static_cast<double>(correct) / static_cast<double>(data.count);
  return result;
}

}  // namespace fanin::train
