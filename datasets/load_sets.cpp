#include <fmt/ranges.h>

#include <algorithm>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>

#include "datasets/registry.hpp"
#include "datasets/selection.hpp"

namespace fanin::datasets {
namespace {

/// A class without a training sample still has an output, which is never right.
void note_missing_classes(data::Dataset& train) {
  const auto counts = train.class_counts();
  std::vector<std::string> missing;
  for (std::size_t label = 0; label < counts.size(); ++label)
    if (counts[label] == 0) missing.push_back(printable(train.class_name(static_cast<int>(label)), 40));
  if (missing.empty()) return;
  constexpr std::size_t most_shown = 8;
  const std::size_t count = missing.size(), classes = counts.size();
  std::size_t first = 0;
  while (counts[first] == 0) ++first;
  std::string advice;
  if (train.class_names.empty() && first == count && first > 0)
    advice =
        fmt::format("; its labels begin at {}: only={}..{} renumbers them from 0", first, first, classes - 1);
  missing.resize(std::min(count, most_shown));
  train.notes.push_back(fmt::format("{} of {} classes never occur{} in the training images: {}{}{}", count,
                                    classes, count == 1 ? "s" : "", fmt::join(missing, ", "),
                                    count > most_shown ? ", …" : "", advice));
}

/// What only the training set can tell: its mean and stddev.
void settle(data::Dataset& train) {
  if (train.mean.empty()) train.measure();
  train.check();
}

/// Gives another part, if there is one, what the training set tells: the number of classes too.
void settle(const data::Dataset& train, data::Dataset& other) {
  if (other.count == 0) return;
  if (other.channels != train.channels || other.height != train.height || other.width != train.width)
    fail("data set '{}': training images are {}x{}x{}, others {}x{}x{}", train.name, train.channels,
         train.height, train.width, other.channels, other.height, other.width);
  other.classes = train.classes;
  other.mean = train.mean;
  other.stddev = train.stddev;
  other.measured = train.measured;
  other.check();
}

constexpr const char* skip_advice =
    "; --skip-bad, or skip_bad=true as in folder(PATH, skip_bad=true), leaves such images out";

/// The text's way to load, its selection taken out of it.
struct Request {
  LoadPart load;
  Selection selection;
};

Request request_for(const std::string& text) {
  CallExpression call = CallExpression::parse(text);
  const std::string name = call.to_string();
  const Selection selection = Selection::take_from(call);
  return {find_dataset(call, name), selection};
}

/// What is selected, with a word about classes that are not in it.
data::Dataset selected(const Selection& selection, data::Dataset data, Split split) {
  if (data.count == 0) return data;
  data = selection.apply(std::move(data), split);
  if (split == Split::train) note_missing_classes(data);
  return data;
}

}  // namespace

data::Dataset load_dataset(const std::string& text, Split split) {
  const Request request = request_for(text);
  BadImages bad;
  data::Dataset data = request.load(split, bad);
  if (split == Split::validation && data.count == 0 && bad.count == 0)
    fail_usage("{} brings no validation set: fanin train --validation 0.1 cuts one from the training set",
               in_quotes(text));
  if (split == Split::train || !data.mean.empty()) {
    bad.require_none(skip_advice);
    settle(data);
  } else {
    data::Dataset train = request.load(Split::train, bad);
    bad.require_none(skip_advice);
    settle(train);
    settle(train, data);
  }
  return selected(request.selection, std::move(data), split);
}

data::Sets load_sets(const std::string& text) {
  const Request request = request_for(text);
  BadImages bad;
  data::Sets sets{.training = request.load(Split::train, bad),
                  .validation = request.load(Split::validation, bad),
                  .test = request.load(Split::test, bad)};
  bad.require_none(skip_advice);
  settle(sets.training);
  for (data::Dataset* other : {&sets.validation, &sets.test}) settle(sets.training, *other);
  return {.training = selected(request.selection, std::move(sets.training), Split::train),
          .validation = selected(request.selection, std::move(sets.validation), Split::validation),
          .test = selected(request.selection, std::move(sets.test), Split::test)};
}

}  // namespace fanin::datasets
