#include "datasets/registry.hpp"

#include <functional>
#include <optional>

#include "datasets/cifar10.hpp"
#include "datasets/image_folder.hpp"
#include "datasets/mnist.hpp"
#include "datasets/selection.hpp"
#include "datasets/synthetic.hpp"
#include "framework/core/error.hpp"
#include "framework/core/expression.hpp"

namespace fanin {
namespace {

using Load = std::function<Dataset(Split)>;

/// A data set the registry knows: its name, its line of help, and how its options become a way to load either
/// half.
struct Entry {
  std::string name;
  DatasetEntry help;
  Load (*make)(const Expression& call);
};

std::string required_path(const Options& options, const char* key) {
  if (!options.has(key)) options.refuse(key, "a folder");
  return options.word(key, "");
}

Load make_fashion_mnist(const Expression& call) {
  Options(call, "data set", {});
  return load_fashion_mnist;
}

Load make_mnist(const Expression& call) {
  Options(call, "data set", {});
  return load_mnist;
}

Load make_cifar10(const Expression& call) {
  Options(call, "data set", {});
  return load_cifar10;
}

Load make_idx(const Expression& call) {
  const Options options(call, "data set", {"path", "classes"});
  const std::string path = required_path(options, "path");
  const auto classes = static_cast<int>(options.integer("classes", 0, 1, 256));
  return [=](Split split) { return load_idx_folder(path, classes, split); };
}

Load make_folder(const Expression& call) {
  const Options options(call, "data set", {"path", "size", "gray", "test"});
  const ImageFolderOptions folder{.path = required_path(options, "path"),
                                  .size = options.integer("size", 28, 1, 4096),
                                  .gray = options.flag("gray", true),
                                  .test = options.number("test", 0.2)};
  if (!(folder.test > 0 && folder.test < 1)) options.refuse("test", "between 0 and 1");
  return [=](Split split) { return load_image_folder(folder, split); };
}

Load make_synthetic_set(const Expression& call) {
  const Options options(call, "data set", {"classes", "size", "count", "seed", "channels", "noise"});
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
  return [=](Split split) { return make_synthetic(made, split); };
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
       {"idx(DIR, classes=N)", "a folder of the four files in MNIST's format, plain or .gz"},
       make_idx},
      {"folder",
       {"folder(PATH, size=28, gray=true, test=0.2)",
        "PNG, JPEG or BMP images, a class for each sub-folder; halves from train/ and test/ or by name"},
       make_folder},
      {"synthetic",
       {"synthetic(classes=10, size=28, count=2000, seed=0, channels=1, noise=0.25)",
        "noisy random patterns, made without any file"},
       make_synthetic_set}};
  return all;
}

/// The way to load what `call` names, without its selection; the data is named by `name`.
Load loader_for(const Expression& call, const std::string& name) {
  std::vector<std::string> names;
  for (const Entry& entry : entries()) {
    if (entry.name == call.name)
      return [load = entry.make(call), name](Split split) {
        Dataset data = load(split);
        data.name = name;  // what it can be loaded by again
        return data;
      };
    names.push_back(entry.name);
  }
  fail_usage("unknown data set {} {}{}", quoted(call.name), at_character(call.source, call.position),
             suggest(call.name, names));
}

/// Gives both halves what only the training half can tell: the number of classes, and the mean and stddev.
void settle(Dataset& train, Dataset* test) {
  if (train.mean.empty()) train.measure();
  train.check();
  if (!test) return;
  if (test->channels != train.channels || test->height != train.height || test->width != train.width)
    fail("data set '{}': training images are {}x{}x{}, test images {}x{}x{}", train.name, train.channels,
         train.height, train.width, test->channels, test->height, test->width);
  test->classes = train.classes;
  test->mean = train.mean;
  test->stddev = train.stddev;
  test->check();
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

Dataset load_dataset(const std::string& text, Split split) {
  Expression call = Expression::parse(text);
  const std::string name = call.to_string();
  const Selection selection = Selection::take_from(call);
  const Load load = loader_for(call, name);
  Dataset data = load(split);
  if (split == Split::train || !data.mean.empty()) {
    settle(data, nullptr);
  } else {
    Dataset train = load(Split::train);
    settle(train, &data);
  }
  return selection.apply(std::move(data), split);
}

Splits load_splits(const std::string& text) {
  Expression call = Expression::parse(text);
  const std::string name = call.to_string();
  const Selection selection = Selection::take_from(call);
  const Load load = loader_for(call, name);
  Splits halves{load(Split::train), load(Split::test)};
  settle(halves.train, &halves.test);
  return {selection.apply(std::move(halves.train), Split::train), selection.apply(std::move(halves.test), Split::test)};
}

}  // namespace fanin
