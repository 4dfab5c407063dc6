#include "datasets/registry.hpp"

#include <algorithm>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>

#include "datasets/cifar10.hpp"
#include "datasets/idx.hpp"
#include "datasets/image_folder.hpp"
#include "datasets/mnist.hpp"
#include "datasets/selection.hpp"
#include "datasets/synthetic.hpp"

namespace fanin::datasets {
namespace {

/// A data set the registry knows: its name, its line of help, and how its options become a way to load each
/// part.
struct Entry {
  std::string name;
  DatasetEntry help;
  LoadPart (*make)(const CallExpression& call);
  bool may_bring_validation = false;  ///< is asked for a validation set, and gives none by an empty one
};

/// The options of a data set. What is unknown is told together with those that every data set takes
/// (`Selection`).
CallOptions options_of(const CallExpression& call, const std::vector<std::string>& own) {
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

LoadPart make_fashion_mnist(const CallExpression& call) {
  options_of(call, {});
  return [](Split split, BadImages&) { return load_fashion_mnist(split); };
}

LoadPart make_mnist(const CallExpression& call) {
  options_of(call, {});
  return [](Split split, BadImages&) { return load_mnist(split); };
}

LoadPart make_cifar10(const CallExpression& call) {
  options_of(call, {});
  return [](Split split, BadImages&) { return load_cifar10(split); };
}

LoadPart make_idx(const CallExpression& call) {
  const CallOptions options = options_of(call, {"path", "classes", "name"});
  const std::string path = required_path(options, "path");
  const auto classes = static_cast<int>(options.integer("classes", 0, 1, most_idx_classes));
  const std::string name = options.word("name", "");
  return [=](Split split, BadImages&) {
    return load_idx_folder({.path = path, .name = name, .classes = classes}, split);
  };
}

LoadPart make_folder(const CallExpression& call) {
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

LoadPart make_synthetic_set(const CallExpression& call) {
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

}  // namespace

LoadPart find_dataset(const CallExpression& call, const std::string& name) {
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

std::string with_bad_images_skipped(const std::string& text) {
  CallExpression call = CallExpression::parse(text);
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
    for (const auto& arg : CallExpression::parse(text).args)
      if (arg.key == "background")
        if (const auto background = Background::parse(arg.text)) return *background;
  } catch (const Error&) {  // whatever it is, it names no background
  }
  return {};
}

}  // namespace fanin::datasets
