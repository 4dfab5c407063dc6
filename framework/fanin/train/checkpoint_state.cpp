#include <nlohmann/json.hpp>

#include <fanin/core/fail.hpp>
#include <fanin/train/checkpoint_state.hpp>

namespace fanin::train {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t longest_text = std::size_t{2}
                                     << 20;  // as JSON it becomes a tree some ten times as large
constexpr Index record_numbers = 8, point_numbers = 2;
constexpr Index old_record_numbers = 6;  // before there were validation sets

ordered_json to_json(const ScoredEpoch& one) {
  return {{"epoch", one.epoch}, {"score", one.epoch == 0 ? 0 : one.score}};
}

/// A whole number; nlohmann::json would turn any number into one.
template <class T>
T whole(const ordered_json& json) {
  if (!json.is_number_integer()) fail("a checkpoint with a count that is not a whole number");
  return json.get<T>();
}

ScoredEpoch scored(const ordered_json& json) {
  ScoredEpoch one{.epoch = whole<int>(json.at("epoch")), .score = json.at("score").get<double>()};
  if (one.epoch == 0) one.score = unknown;
  return one;
}

ordered_json to_json(const RunState& s) {
  return {{"epochs", s.epochs},
          {"step", s.step},
          {"position", {{"epoch", s.position.epoch}, {"batch", s.position.batch}}},
          {"epoch",
           {{"loss", s.epoch.loss},
            {"seen", s.epoch.seen},
            {"correct", s.epoch.correct},
            {"seconds", s.epoch.seconds}}},
          {"smoothed_loss", s.smoothed_loss},
          {"curve_every", s.curve_every},
          {"seconds", s.seconds},
          {"samples", s.samples},
          {"steps_to_threshold", s.steps_to_threshold ? ordered_json(*s.steps_to_threshold) : ordered_json()},
          {"best", to_json(s.best)},
          {"bar", to_json(s.bar)}};
}

RunState run_state(const ordered_json& json) {
  RunState s;
  s.epochs = whole<int>(json.at("epochs"));
  s.step = whole<Index>(json.at("step"));
  s.position = {whole<Index>(json.at("position").at("epoch")), whole<Index>(json.at("position").at("batch"))};
  const auto& epoch = json.at("epoch");
  s.epoch = {epoch.at("loss").get<double>(), whole<Index>(epoch.at("seen")),
             whole<Index>(epoch.at("correct")), epoch.at("seconds").get<double>()};
  s.smoothed_loss = json.at("smoothed_loss").get<double>();
  s.curve_every = whole<Index>(json.at("curve_every"));
  s.seconds = json.at("seconds").get<double>();
  s.samples = whole<Index>(json.at("samples"));
  if (const auto& steps = json.at("steps_to_threshold"); !steps.is_null()) {
    const auto reached = whole<Index>(steps);
    if (reached >= 0) s.steps_to_threshold = reached;  // earlier versions wrote -1 for none
  }
  s.best = scored(json.at("best"));
  s.bar = scored(json.at("bar"));
  return s;
}

std::vector<double> numbers(const std::vector<EpochRecord>& history) {
  std::vector<double> all;
  for (const auto& r : history) {
    all.insert(all.end(), {static_cast<double>(r.epoch), r.train_loss, r.test_loss, r.test_accuracy,
                           r.train_accuracy, r.seconds, r.validation_loss, r.validation_accuracy});
  }
  return all;
}

std::vector<double> numbers(const std::vector<std::pair<Index, double>>& curve) {
  std::vector<double> all;
  for (const auto& [step, loss] : curve) all.insert(all.end(), {static_cast<double>(step), loss});
  return all;
}

Index columns(const io::TensorFile& file, const std::string& name) {
  const auto& sizes = file.at(checkpoint_prefix + name).sizes;
  return sizes.size() == 2 ? sizes[1] : 0;
}

/// The rows of a table of `width` columns of doubles.
std::vector<double> table(const io::TensorFile& file, const std::string& name, Index width) {
  const io::StoredTensor& tensor = file.at(checkpoint_prefix + name);
  if (tensor.dtype != io::DType::f64 || tensor.sizes.size() != 2 || tensor.sizes[1] != width) {
    fail("{}: '{}' is {} {}, expected F64 [n, {}]", file.path, tensor.name, name_of(tensor.dtype),
         tensor.shape_text(), width);
  }
  std::vector<double> values(static_cast<std::size_t>(tensor.numel()));
  tensor.read_bytes(0, tensor.numel(), reinterpret_cast<std::byte*>(values.data()));
  return values;
}

io::StoredTensor view(const char* name, const std::vector<double>& values, Index width) {
  return {.name = std::string(checkpoint_prefix) + name,
          .dtype = io::DType::f64,
          .sizes = {static_cast<Index>(values.size()) / width, width},
          .strides = {},
          .data = reinterpret_cast<const std::byte*>(values.data()),
          .big_endian = false,
          .owner = nullptr};
}

}  // namespace

std::string state_text(const SavedState& state) {
  ordered_json json = to_json(state.run);
  json["optimizer_steps"] = state.optimizer_steps;
  json["optimizer_updates"] = ordered_json::object();
  for (const auto& [name, updates] : state.optimizer_updates) json["optimizer_updates"][name] = updates;
  return json.dump();
}

SeriesTables::SeriesTables(const RunState& state)
    : history_(numbers(state.history)), loss_curve_(numbers(state.loss_curve)) {}

std::vector<io::StoredTensor> SeriesTables::tensors() const {
  return {view("history", history_, record_numbers), view("loss_curve", loss_curve_, point_numbers)};
}

const std::string& checkpoint_text(const io::TensorFile& file, const char* key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end())
    fail("{}: no metadata '{}': not a checkpoint of a training run", file.path, key);
  if (found->second.size() > longest_text) {
    fail("{}: the metadata '{}' has {} bytes; a checkpoint's have at most {}", file.path, key,
         found->second.size(), longest_text);
  }
  return found->second;
}

SavedState saved_state(const io::TensorFile& file) {
  SavedState saved;
  RunState& state = saved.run;
  try {
    const auto json = ordered_json::parse(checkpoint_text(file, "checkpoint.state"));
    state = run_state(json);
    saved.optimizer_steps = whole<Index>(json.at("optimizer_steps"));
    for (const auto& [name, count] : json.at("optimizer_updates").items())
      saved.optimizer_updates.emplace_back(name, whole<Index>(count));
  } catch (const nlohmann::json::exception&) {
    fail("{}: the metadata 'checkpoint.state' is not what a checkpoint holds", file.path);
  }
  const bool old = columns(file, "history") == old_record_numbers;
  const auto width = static_cast<std::size_t>(old ? old_record_numbers : record_numbers);
  const auto records = table(file, "history", static_cast<Index>(width)),
             points = table(file, "loss_curve", point_numbers);
  for (std::size_t i = 0; i < records.size(); i += width) {
    const double* r = &records[i];
    state.history.push_back({static_cast<int>(i / width) + 1, r[1], r[2], r[3], r[4], r[5],
                             old ? unknown : r[6], old ? unknown : r[7]});
  }
  for (std::size_t i = 0; i < points.size(); i += point_numbers) {
    if (!(points[i] >= 0 && points[i] <= static_cast<double>(state.step)))
      fail("{}: the loss curve has a point past its steps", file.path);
    state.loss_curve.emplace_back(static_cast<Index>(points[i]), points[i + 1]);
  }
  const auto epochs = static_cast<Index>(state.history.size());
  const auto in_history = [epochs](const ScoredEpoch& one) { return one.epoch >= 0 && one.epoch <= epochs; };
  if (state.position.epoch != epochs || state.step < 0 || state.curve_every < 1 || state.epochs < 1 ||
      !in_history(state.best) || !in_history(state.bar)) {
    fail("{}: the checkpoint contradicts itself: step {}, epoch {}, {} epochs in its history", file.path,
         state.step, state.position.epoch, epochs);
  }
  return saved;
}

}  // namespace fanin::train
