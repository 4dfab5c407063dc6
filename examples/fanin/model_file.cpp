#include "examples/fanin/model_file.hpp"

#include <fmt/core.h>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/data/transform.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

/// A flag to be pasted; without its word where a file has made that longer than anyone would paste.
std::string flag_with(const char* flag, const std::string& word) {
  constexpr std::size_t longest = 200;
  return word.size() > longest ? flag : fmt::format("{} {}", flag, shell_word(word));
}

/// The batch that schemes are fitted to, from the data set that the user names; Error where it is another
/// than in training.
data::Batch fitting_batch(const models::SavedModel& described, const std::string& why,
                          const std::string& text) {
  const data::Dataset& like = described.like;
  if (text.empty())
    fail("{}; no data set is loaded on a file's word, so name it: {}", why,
         flag_with("--fit-data", like.name));
  try {
    data::Sets data = datasets::load_sets(text);
    described.require_fit(data.training);
    if (!described.origin.normalization.empty())
      data.training.normalize(data::Transform::parse(described.origin.normalization).normalization());
    if (data.training.mean != like.mean || data.training.stddev != like.stddev)
      fail("'{}' has other pixels than the set that the model was trained on", text);
    return initial_batch(data.training);
  } catch (const Error& error) {
    fail("{}, and these are not at hand: {}", why, error.what());
  }
}

}  // namespace

std::string described_text(const io::TensorFile& file) {
  if (!file.metadata.contains("model"))
    fail_usage("'{}' does not say which model it is; give --model, see fanin models", file.path);
  return models::described(file).origin.model;
}

io::TensorFile initial_values(const io::TensorFile& file, const Redraw& allowed) {
  const auto batch = [&](const models::SavedModel& described, const std::string& why) {
    return fitting_batch(described, why, allowed.fit_data);
  };
  return models::initial_values(file,
                                {.fitting_batch = batch, .open_paths_in_plan = allowed.open_paths_in_plan});
}

std::string followed_data(const models::SavedModel& saved, const std::string& path,
                          const std::string& given) {
  if (!given.empty()) return given;
  const std::string& name = saved.like.name;
  if (datasets::is_bare_dataset(name)) return name;
  fail_usage(
      "'{}' names '{}' as the data it was trained on; what a file names is not opened unless you say so: {}",
      path, printable(name, 200), flag_with("--data", name));
}

}  // namespace fanin::program
