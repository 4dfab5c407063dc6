#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/path_guard.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/slots.hpp>

namespace fanin::models {
namespace {

/// What drawing again may cost, in multiplications: an orthogonal matrix takes rows × columns × the smaller
/// of both.
constexpr double largest_draw = 4e11;

/// "conv1.weight, conv2.weight and 3 more".
std::string first_two(std::vector<std::string> names) {
  constexpr std::size_t shown = 2;
  const std::size_t count = names.size();
  names.resize(std::min(count, shown));
  return fmt::format("{}{}", fmt::join(names, ", "),
                     count > shown ? fmt::format(" and {} more", count - shown) : "");
}

/// Refuses what would keep one waiting only because a file says so.
void require_quick_draw(const SavedModel& described) {
  double cost = 0;
  for (const auto& one : described.model->named_parameters()) {
    const Shape& shape = one.parameter->value.shape();
    if (shape.rank() < 2 || shape.numel() == 0) continue;
    const auto rows = static_cast<double>(shape[0]), columns = static_cast<double>(shape.numel()) / rows;
    cost += rows * columns * std::min(rows, columns);
  }
  if (cost > largest_draw) fail("matrices this large are not drawn again on a file's word");
}

/// Whether the file's values were drawn at slots: files from before that say nothing of it.
bool drawn_at_slots(const io::TensorFile& file) {
  const auto draws = file.metadata.find("draws");
  if (draws == file.metadata.end() || draws->second == "1") return false;
  if (draws->second == std::to_string(start::draws_version)) return true;
  fail("'{}': metadata 'draws' is '{}', not a whole number from 1 to {}", file.path,
       printable(draws->second, 40), start::draws_version);
}

}  // namespace

io::TensorFile initial_values(const io::TensorFile& file, const Redraw& allowed) {
  const SavedModel model = described(file);
  // before anything is drawn: the text may ask for any size
  for (const auto& one : model.model->named_parameters()) {
    const Shape& shape = one.parameter->value.shape();
    const io::StoredTensor* saved = file.find(one.name);
    if (saved == nullptr || saved->sizes != std::vector<Index>(shape.begin(), shape.end())) {
      fail("'{}' is not in the file, or not of the shape {} that its model has", one.name, shape.to_string());
    }
  }
  require_quick_draw(model);
  std::optional<io::PathGuard> guard;
  if (!allowed.open_paths_in_plan) guard.emplace();
  Generator generator(model.origin.seed);
  const init::Plan plan = init::Plan::parse(model.origin.plan);
  const bool at_slots = drawn_at_slots(file);
  if (const auto fitted = start::fitted_parameters(*model.model, plan); !fitted.empty()) {
    const std::string why = fmt::format("{} started fitted to images of '{}' by '{}'", first_two(fitted),
                                        printable(model.like.name, 200), printable(model.origin.plan, 200));
    if (!allowed.fitting_batch) fail("{}, and these are not given", why);
    const data::Batch batch = allowed.fitting_batch(model, why);
    const start::Samples samples{batch.images, batch.labels};
    if (at_slots)
      start::initialize(*model.model, plan, generator, batch.images, batch.labels);
    else
      start::initialize_by_one_stream(*model.model, plan, generator, &samples);
  } else if (at_slots) {
    start::initialize(*model.model, plan, generator);
  } else {
    start::initialize_by_one_stream(*model.model, plan, generator);
  }
  io::TensorFile born{
      .format = io::FileFormat::safetensors, .path = "initial values", .tensors = {}, .metadata = {}};
  for (const auto& one : model.model->named_parameters())
    born.tensors.push_back(io::stored(one.name, one.parameter->value));
  return born;
}

}  // namespace fanin::models
