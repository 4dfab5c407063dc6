#include <fanin/core/fail.hpp>
#include <fanin/init/initializer.hpp>
#include <fanin/io/not_finite.hpp>
#include <fanin/start/adapt.hpp>
#include <fanin/start/open_files.hpp>
#include <fanin/start/prefix_hint.hpp>
#include <fanin/start/schemes.hpp>
#include <fanin/start/weight_selection.hpp>

namespace fanin::start {
namespace {

void fill_selected(Tensor& w, const init::Site& site, Generator&, const WeightSelectionOptions& options) {
  const std::string& path = options.file;
  if (path.empty()) fail_usage("scheme 'weight_selection' needs a file: weight_selection(file=PATH)");
  const auto file = OpenFiles::open(path, options.key);
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
                   {.words = {"refuse", "allow"}}},
                  {"key", &WeightSelectionOptions::key,
                   "the dict to select from in a file that nests several, as fanin inspect lists them"}},
      .summary = "every parameter a selection of evenly spaced elements of a larger trained model's",
      .formula = "w[i, j, …] = W[⌊i M/m⌋, ⌊j N/n⌋, …] for w of sizes m × n × … and W of M × N × …",
      .paper = "Xu et al. 2023, Initializing models with larger ones",
      .use = "a small model of the same family as a trained larger one; few training images or epochs",
      .fails =
          "a saved tensor missing or smaller in some dimension (refused); BatchNorm's statistics are not taken over",
      .least_rank = 1,
      .extra_roles = {init::Role::bias},
      .needs_model = true,
      .draw = init::Draw::nothing,
      .fill = fill_selected};
}

}  // namespace fanin::start
