#include <sys/stat.h>

#include <memory>
#include <optional>

#include <fanin/core/error.hpp>
#include <fanin/init/initializer.hpp>
#include <fanin/io/not_finite.hpp>
#include <fanin/io/path_guard.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/start/adapt.hpp>
#include <fanin/start/prefix_hint.hpp>
#include <fanin/start/schemes.hpp>
#include <fanin/start/weight_selection.hpp>

namespace fanin::start {
namespace {

/// Which contents a path holds: another file, or the same one written anew, differs in one of these.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  off_t bytes = 0;
  std::int64_t seconds = 0, nanoseconds = 0;

  bool operator==(const Identity&) const = default;
  static std::optional<Identity> of(const std::string& path) {
    struct stat now {};
    if (stat(path.c_str(), &now) != 0) return std::nullopt;
    return Identity{now.st_dev, now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
  }
};

/// What this thread read last is kept while the file stays what it was, so that it is opened once for a model
/// and not once for each of its parameters. A sharded index names other files, which may change behind it: it
/// is always read anew.
std::shared_ptr<const io::TensorFile> opened(const std::string& path) {
  io::PathGuard::check(path);
  thread_local std::string last;
  thread_local std::optional<Identity> identity;
  thread_local std::shared_ptr<const io::TensorFile> file;
  const auto now = Identity::of(path);
  if (!file || last != path || !now || now != identity || path.ends_with(".json")) {
    file.reset();
    file = std::make_shared<const io::TensorFile>(io::read_tensor_file(path));
    last = path;
    identity = now;
  }
  return file;
}

void fill_selected(Tensor& w, const init::Site& site, Generator&, const WeightSelectionOptions& options) {
  const std::string& path = options.file;
  if (path.empty()) fail_usage("scheme 'weight_selection' needs a file: weight_selection(file=PATH)");
  const auto file = opened(path);
  const io::StoredTensor* saved = file->find(site.name);
  if (!saved) {
    std::vector<std::string> names;
    for (const auto& tensor : file->tensors) names.push_back(tensor.name);
    const auto hints = prefix_hints({site.name}, names, [](std::size_t) { return true; });
    if (!hints.empty() && hints.front().add.empty()) {
      fail("'{}' has no tensor '{}', but '{}': fanin convert takes the prefix off, {}", path, site.name,
           hints.front().strip + site.name, PrefixHint{.strip = hints.front().strip}.flags());
    }
    fail("'{}' has no tensor '{}'{}", path, site.name, suggest(site.name, names));
  }
  const std::vector<Index> wanted(w.shape().begin(), w.shape().end());
  if (const auto why = why_not(Adapt::select, saved->sizes, wanted)) {
    fail("'{}' has it with sizes [{}], {} are wanted: {}", path, fmt::join(saved->sizes, ", "),
         w.shape().to_string(), *why);
  }
  if (const io::NotFinite found = not_finite(*saved); found.any() && options.nonfinite == "refuse") {
    fail("'{}': tensor '{}': {} (nonfinite=allow takes them as they are)", path, saved->name,
         found.to_string());
  }
  adapt(Adapt::select, *saved, w);
}

}  // namespace

init::Initializer weight_selection(const WeightSelectionOptions& options) {
  return init::Initializer("weight_selection", options);
}

init::SchemeInfo weight_selection_scheme() {
  return {
      .name = "weight_selection",
      .options = {{"file", &WeightSelectionOptions::file,
                   "weight file of a larger model whose layers have the same names"},
                  {"nonfinite",
                   &WeightSelectionOptions::nonfinite,
                   "what to do with tensors that hold NaN or infinities",
                   {.words = {"refuse", "allow"}}}},
      .summary = "every parameter a selection of evenly spaced elements of a larger trained model's",
      .formula = "w[i, j, …] = W[⌊i M/m⌋, ⌊j N/n⌋, …] for w of sizes m × n × … and W of M × N × …",
      .paper = "Xu et al. 2023, Initializing models with larger ones",
      .use = "a small model of the same family as a trained larger one; few training images or epochs",
      .fails =
          "a saved tensor missing or smaller in some dimension (refused); BatchNorm's statistics are not taken over",
      .least_rank = 1,
      .fills_bias = true,
      .needs_model = true,
      .draw = init::Draw::nothing,
      .fill = fill_selected};
}

}  // namespace fanin::start
