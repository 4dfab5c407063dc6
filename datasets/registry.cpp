#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <optional>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/datasets.hpp>

#include "datasets/cifar10.hpp"
#include "datasets/idx.hpp"
#include "datasets/image_folder.hpp"
#include "datasets/mnist.hpp"
#include "datasets/selection.hpp"
#include "datasets/synthetic.hpp"

namespace fanin::datasets {
namespace {

/// Reads one part; images that cannot be read are gathered.
using Load = std::function<data::Dataset(Split, BadImages&)>;

/// A data set the registry knows: its name, its line of help, and how its options become a way to load each
/// part.
struct Entry {
  std::string name;
  DatasetEntry help;
  Load (*make)(const Expression& call);
  bool may_bring_validation = false;  ///< is asked for a validation set, and gives none by an empty one
};

/// The options of a data set. What is unknown is told together with those that every data set takes
/// (`Selection`).
CallOptions options_of(const Expression& call, const std::vector<std::string>& own) {
  for (const CallArgument& argument : call.args) {
    if (argument.key.empty() || std::find(own.begin(), own.end(), argument.key) != own.end()) continue;
    std::vector<std::string> known = own;
    for (const auto& option : selection_options()) known.push_back(option.name);
    fail_usage("unknown option {} of data set '{}' {}{}", in_quotes(argument.key), call.name,
               at_character(call.source, argument.key_position), suggest(argument.key, known));
  }
  return {call, "data set", own};
}

std::string required_path(const CallOptions& options, const char* key) {
  if (!options.has(key)) options.refuse(key, "a folder");
  return options.word(key, "");
}

Load make_fashion_mnist(const Expression& call) {
  options_of(call, {});
  return [](Split split, BadImages&) { return load_fashion_mnist(split); };
}

Load make_mnist(const Expression& call) {
  options_of(call, {});
  return [](Split split, BadImages&) { return load_mnist(split); };
}

Load make_cifar10(const Expression& call) {
  options_of(call, {});
  return [](Split split, BadImages&) { return load_cifar10(split); };
}

Load make_idx(const Expression& call) {
  const CallOptions options = options_of(call, {"path", "classes", "name"});
  const std::string path = required_path(options, "path");
  const auto classes = static_cast<int>(options.integer("classes", 0, 1, most_idx_classes));
  const std::string name = options.word("name", "");
  return [=](Split split, BadImages&) {
    return load_idx_folder({.path = path, .name = name, .classes = classes}, split);
  };
}

Load make_folder(const Expression& call) {
  const CallOptions options = options_of(call, {"path", "size", "gray", "test", "background", "skip_bad"});
  const auto background = Background::parse(options.word("background", "white"));
  if (!background) options.refuse("background", "white, black, a gray level 0..255 or rrggbb in hexadecimal");
  const ImageFolderOptions folder{.path = required_path(options, "path"),
                                  .size = options.integer("size", 28, 1, 4096),
                                  .gray = options.flag("gray", true),
                                  .test = options.number("test", 0.2),
                                  .background = *background,
                                  .skip_bad = options.flag("skip_bad", false)};
  if (!(folder.test > 0 && folder.test < 1)) options.refuse("test", "between 0 and 1");
  return [=](Split split, BadImages& bad) { return load_image_folder(folder, split, bad); };
}

Load make_synthetic_set(const Expression& call) {
  const CallOptions options = options_of(call, {"classes", "size", "count", "seed", "channels", "noise"});
  const SyntheticOptions made{
      .classes = static_cast<int>(options.integer("classes", 10, 1, 1000)),
      .size = options.integer("size", 28, 1, 512),
      .channels = options.integer("channels", 1, 1, 16),
      .count = options.integer("count", 2000, 1, 10'000'000),
      .seed = static_cast<std::uint64_t>(options.integer("seed", 0, 0, std::int64_t{1} << 62)),
      .noise = options.number("noise", 0.25)};
  if (made.noise < 0 || made.noise > 1000) options.refuse("noise", "from 0 to 1000");
  if (made.count * made.channels * made.size * made.size > Index{1} << 32)
    fail_usage("data set 'synthetic': {} images of {}x{}x{} are more than 4 GiB", made.count, made.channels,
               made.size, made.size);
  return [=](Split split, BadImages&) { return make_synthetic(made, split); };
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      {"fashion-mnist",
       {"fashion-mnist",
        "clothing, 10 classes, 28x28, 60000 + 10000 (apt-get install dataset-fashion-mnist)"},
       make_fashion_mnist},
      {"mnist",
       {"mnist", "handwritten digits, 10 classes, 28x28, 60000 + 10000 (make data-mnist)"},
       make_mnist},
      {"cifar10",
       {"cifar10",
        "colour photographs, 10 classes, 3x32x32, 50000 + 10000 (the binary version, in data/cifar10)"},
       make_cifar10},
      {"idx",
       {"idx(DIR, classes=N, name=emnist-letters)",
        "a folder of four files in MNIST's format, plain or .gz, also under EMNIST's and QMNIST's names",
        {{"path", "", "the folder"},
         {"classes", "", "how many there are; as many as the labels tell, when left out"},
         {"name", "", "which of a folder's data sets: emnist-letters, …"}}},
       make_idx},
      {"folder",
       {"folder(PATH, size=28, gray=true, test=0.2, background=white, skip_bad=false)",
        "PNG, JPEG, GIF or BMP images, a class for each sub-folder; parts from train/, val/ and test/ (val/ is the test set where "
        "there is no test/), or a share of each class held out for testing",
        {{"path", "", "the folder"},
         {"size", "28", "images are stretched to so many pixels a side, whatever their proportions"},
         {"gray", "true", "gray levels; false: three channels"},
         {"test", "0.2", "share of each class held out, where the folder is not divided"},
         {"background", "white",
          "what shows through where an image is transparent: white, black, 0..255, rrggbb"},
         {"skip_bad", "false", "leave out what cannot be read, and say how many"}}},
       make_folder,
       true},
      {"synthetic",
       {"synthetic(classes=10, size=28, count=2000, seed=0, channels=1, noise=0.25)",
        "noisy random patterns, made without any file",
        {{"classes", "10", "how many patterns"},
         {"size", "28", "pixels a side"},
         {"count", "2000", "training images; there are a quarter as many for testing"},
         {"seed", "0", "of the patterns and the noise"},
         {"channels", "1", "of an image"},
         {"noise", "0.25", "its amplitude, of the pattern's own"}}},
       make_synthetic_set}};
  return all;
}

/// The way to load what `call` names, without its selection; the data is named by `name`.
Load loader_for(const Expression& call, const std::string& name) {
  std::vector<std::string> names;
  for (const Entry& entry : entries()) {
    if (entry.name == call.name)
      return
          [load = entry.make(call), name, none = !entry.may_bring_validation](Split split, BadImages& bad) {
            if (split == Split::validation && none) return data::Dataset{};
            data::Dataset data = load(split, bad);
            data.name = name;  // what it can be loaded by again
            return data;
          };
    names.push_back(entry.name);
  }
  fail_usage("unknown data set {} {}{}", in_quotes(call.name), at_character(call.source, call.position),
             suggest(call.name, names));
}

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

}  // namespace

const std::vector<DatasetEntry>& known_datasets() {
  static const std::vector<DatasetEntry> all = [] {
    std::vector<DatasetEntry> help;
    for (const Entry& entry : entries()) help.push_back(entry.help);
    return help;
  }();
  return all;
}

const std::vector<DatasetEntry::Option>& selection_options() {
  static const std::vector<DatasetEntry::Option> all = {
      {"only", "", "classes to keep, renumbered from 0: 0..4, or 0+3+7"},
      {"per_class", "", "so many training images of each class; tests keep theirs"},
      {"draw", "0", "which images per_class keeps"}};
  return all;
}

bool is_bare_dataset(const std::string& text) {
  return std::any_of(entries().begin(), entries().end(), [&](const Entry& entry) {
    return entry.name == text && entry.help.usage == entry.name;
  });
}

namespace {

constexpr const char* skip_advice =
    "; --skip-bad, or skip_bad=true as in folder(PATH, skip_bad=true), leaves such images out";

/// The text's way to load, its selection taken out of it.
struct Request {
  Load load;
  Selection selection;
};

Request request_for(const std::string& text) {
  Expression call = Expression::parse(text);
  const std::string name = call.to_string();
  const Selection selection = Selection::take_from(call);
  return {loader_for(call, name), selection};
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

std::string with_bad_images_skipped(const std::string& text) {
  Expression call = Expression::parse(text);
  if (call.name != "folder")
    fail_usage("images are left out of image folders alone, and {} is none", in_quotes(text));
  for (const auto& arg : call.args)
    if (arg.key == "skip_bad") {
      if (arg.text != "true")
        fail_usage(
            "--skip-bad leaves out images that cannot be read, and {} says skip_bad={}; leave one of them out",
            in_quotes(text), printable(arg.text));
      return text;
    }
  call.args.push_back({.key = "skip_bad", .text = "true"});
  return call.to_string();
}

Background background_of(const std::string& text) {
  try {
    for (const auto& arg : Expression::parse(text).args)
      if (arg.key == "background")
        if (const auto background = Background::parse(arg.text)) return *background;
  } catch (const Error&) {  // whatever it is, it names no background
  }
  return {};
}

}  // namespace fanin::datasets
