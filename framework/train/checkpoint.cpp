#include "framework/train/checkpoint.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "framework/core/error.hpp"
#include "framework/io/crc32.hpp"
#include "framework/io/safetensors.hpp"
#include "framework/io/tensor_file.hpp"

namespace fanin::train {
namespace {

using nlohmann::ordered_json;
using Metadata = std::map<std::string, std::string>;

constexpr const char* prefix = "checkpoint.";
constexpr const char* format_version = "1";
constexpr Index record_numbers = 6, point_numbers = 2;

bool is_state(const std::string& name) { return name.starts_with(prefix); }

// ---- scalars: JSON, where the shortest decimal of a double reads back as the same double -----------------------------

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
          {"epoch", {{"loss", s.epoch.loss}, {"seen", s.epoch.seen}, {"correct", s.epoch.correct}, {"seconds", s.epoch.seconds}}},
          {"smoothed_loss", s.smoothed_loss},
          {"curve_every", s.curve_every},
          {"seconds", s.seconds},
          {"samples", s.samples},
          {"steps_to_threshold", s.steps_to_threshold},
          {"best", to_json(s.best)},
          {"bar", to_json(s.bar)}};
}

RunState run_state(const ordered_json& json) {
  RunState s;
  s.epochs = whole<int>(json.at("epochs"));
  s.step = whole<Index>(json.at("step"));
  s.position = {whole<Index>(json.at("position").at("epoch")), whole<Index>(json.at("position").at("batch"))};
  const auto& epoch = json.at("epoch");
  s.epoch = {epoch.at("loss").get<double>(), whole<Index>(epoch.at("seen")), whole<Index>(epoch.at("correct")),
             epoch.at("seconds").get<double>()};
  s.smoothed_loss = json.at("smoothed_loss").get<double>();
  s.curve_every = whole<Index>(json.at("curve_every"));
  s.seconds = json.at("seconds").get<double>();
  s.samples = whole<Index>(json.at("samples"));
  s.steps_to_threshold = whole<Index>(json.at("steps_to_threshold"));
  s.best = scored(json.at("best"));
  s.bar = scored(json.at("bar"));
  return s;
}

// ---- series: F64 tensors ---------------------------------------------------------------------------------------------

std::vector<double> numbers(const std::vector<EpochRecord>& history) {
  std::vector<double> all;
  for (const auto& r : history) {
    all.insert(all.end(), {static_cast<double>(r.epoch), r.train_loss, r.test_loss, r.test_accuracy, r.train_accuracy, r.seconds});
  }
  return all;
}

std::vector<double> numbers(const std::vector<std::pair<Index, double>>& curve) {
  std::vector<double> all;
  for (const auto& [step, loss] : curve) all.insert(all.end(), {static_cast<double>(step), loss});
  return all;
}

template <class T>
StoredTensor view(std::string name, DType dtype, const std::vector<T>& values, std::vector<Index> sizes) {
  return {.name = prefix + std::move(name),
          .dtype = dtype,
          .sizes = std::move(sizes),
          .strides = {},
          .data = reinterpret_cast<const std::byte*>(values.data()),
          .big_endian = false,
          .owner = nullptr};
}

template <class T>
std::vector<T> elements(const StoredTensor& tensor) {
  std::vector<T> values(static_cast<std::size_t>(tensor.numel()));
  tensor.read_bytes(0, tensor.numel(), reinterpret_cast<std::byte*>(values.data()));
  return values;
}

/// The rows of a table of `width` columns of doubles.
std::vector<double> table(const TensorFile& file, const std::string& name, Index width) {
  const StoredTensor& tensor = file.at(prefix + name);
  if (tensor.dtype != DType::f64 || tensor.sizes.size() != 2 || tensor.sizes[1] != width) {
    fail("{}: '{}' is {} {}, expected F64 [n, {}]", file.path, tensor.name, name_of(tensor.dtype), tensor.shape_text(), width);
  }
  return elements<double>(tensor);
}

// ---- checks ----------------------------------------------------------------------------------------------------------

/// CRC-32 over all metadata and tensors, in the order of their names.
std::string checksum(const Metadata& metadata, std::vector<StoredTensor> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::uint32_t crc = 0;
  const auto add = [&crc](const std::string& text) { crc = crc32_of(crc, text.c_str(), text.size() + 1); };
  for (const auto& [key, value] : metadata) {
    if (key == "checkpoint.crc32") continue;
    add(key);
    add(value);
  }
  for (const auto& tensor : tensors) {
    add(tensor.name + name_of(tensor.dtype) + tensor.shape_text());
    tensor.read_pieces(tensor.dtype, [&crc](const std::byte* piece, std::size_t size) { crc = crc32_of(crc, piece, size); });
  }
  return fmt::format("{:08x}", crc);
}

std::string shortened(const std::string& text) { return text.size() <= 80 ? text : text.substr(0, 77) + "…"; }

[[noreturn]] void differs(const TensorFile& file, const std::string& what, const std::string& then, const std::string& now) {
  fail_usage("cannot resume from {}: its {} was {}, now it is {}; give the same options, or another folder", file.path, what,
             then.empty() ? "not set" : "'" + shortened(then) + "'", now.empty() ? "not set" : "'" + shortened(now) + "'");
}

void check_settings(const TensorFile& file, const ordered_json& saved, const Settings& settings, const Metadata& metadata) {
  const auto known = [&](const std::string& key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  for (const auto& [key, value] : metadata) {
    if (known(key) != value && key != "framework") differs(file, key, known(key), value);
  }
  for (const auto& [name, value] : settings) {
    const std::string then = saved.value(name, std::string());
    if (then != value) differs(file, name, then, value);
  }
}

const std::string& text_of(const TensorFile& file, const char* key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) fail("{}: no metadata '{}': not a checkpoint of a training run", file.path, key);
  return found->second;
}

/// Where the elements of a tensor in the file go.
struct Copy {
  const StoredTensor* from;
  Tensor to;
};

Copy copy_of(const TensorFile& file, const std::string& name, const Tensor& to) {
  const StoredTensor* from = file.find(name);
  const std::string wanted = to.shape().to_string();
  if (from == nullptr) fail("{}: no tensor '{}', which this run has: it is a checkpoint of another model", file.path, name);
  if (from->dtype != DType::f32 || from->sizes != std::vector<Index>(to.shape().begin(), to.shape().end())) {
    fail("{}: tensor '{}' is {} {}, this run has F32 {}: it is a checkpoint of another model", file.path, name, name_of(from->dtype),
         from->shape_text(), wanted);
  }
  return {from, to};
}

/// The tensors of a run that hold floats, under their names in the file, sharing their elements.
std::vector<std::pair<std::string, Tensor>> float_tensors(const RunParts& run) {
  auto all = run.model.state_dict();
  for (const auto& [name, tensor] : run.optimizer.state()) all.emplace_back(prefix + ("optimizer." + name), tensor);
  for (const auto& [name, tensor] : run.tuning.starts()) all.emplace_back(prefix + ("start." + name), tensor);
  return all;
}

}  // namespace

void save_checkpoint(const std::string& path, const RunParts& run, const Settings& settings, const Metadata& metadata) {
  std::vector<StoredTensor> tensors;
  for (const auto& [name, tensor] : float_tensors(run)) tensors.push_back(stored(name, tensor));
  for (const auto& [name, tensor] : run.best) tensors.push_back(stored(prefix + ("best." + name), tensor));

  const auto generators = run.model.named_generators();
  std::vector<std::vector<std::uint8_t>> states;
  for (const auto& [name, generator] : generators) {
    const std::string text = generator->save();
    states.emplace_back(text.begin(), text.end());
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    tensors.push_back(view("generator." + generators[i].first, DType::u8, states[i], {static_cast<Index>(states[i].size())}));
  }
  const std::vector<double> history = numbers(run.state.history), curve = numbers(run.state.loss_curve);
  tensors.push_back(view("history", DType::f64, history, {static_cast<Index>(run.state.history.size()), record_numbers}));
  tensors.push_back(view("loss_curve", DType::f64, curve, {static_cast<Index>(run.state.loss_curve.size()), point_numbers}));

  ordered_json state = to_json(run.state);
  state["optimizer_steps"] = run.optimizer.steps();
  state["optimizer_updates"] = ordered_json::object();
  for (const auto& [name, updates] : run.optimizer.updates()) state["optimizer_updates"][name] = updates;
  ordered_json saved_settings = ordered_json::object();
  for (const auto& [name, value] : settings) saved_settings[name] = value;

  Metadata all = metadata;
  all["checkpoint.format"] = format_version;
  all["checkpoint.state"] = state.dump();
  all["checkpoint.settings"] = saved_settings.dump();
  all["checkpoint.crc32"] = checksum(all, tensors);
  write_safetensors(path, tensors, all);
}

TensorFile read_checkpoint(const std::string& path) {
  TensorFile file = read_tensor_file(path);
  const std::string& version = text_of(file, "checkpoint.format");
  if (version != format_version) {
    fail("{}: a checkpoint of format '{}', this version reads format {}", path, shortened(version), format_version);
  }
  if (checksum(file.metadata, file.tensors) != text_of(file, "checkpoint.crc32")) {
    fail("{}: the checkpoint is damaged: its checksum is not that of its contents", path);
  }
  return file;
}

void restore_checkpoint(const TensorFile& file, const RunParts& run, const Settings& settings, const Metadata& metadata) {
  RunState state;
  Index steps = 0;
  std::vector<std::pair<std::string, Index>> updates;
  try {
    check_settings(file, ordered_json::parse(text_of(file, "checkpoint.settings")), settings, metadata);
    const auto json = ordered_json::parse(text_of(file, "checkpoint.state"));
    state = run_state(json);
    steps = whole<Index>(json.at("optimizer_steps"));
    for (const auto& [name, count] : json.at("optimizer_updates").items()) updates.emplace_back(name, whole<Index>(count));
  } catch (const nlohmann::json::exception&) {
    fail("{}: the metadata 'checkpoint.state' or 'checkpoint.settings' is not what a checkpoint holds", file.path);
  }
  const auto records = table(file, "history", record_numbers), points = table(file, "loss_curve", point_numbers);
  for (std::size_t i = 0; i < records.size(); i += record_numbers) {
    const double* r = &records[i];
    state.history.push_back({static_cast<int>(i / record_numbers) + 1, r[1], r[2], r[3], r[4], r[5]});
  }
  for (std::size_t i = 0; i < points.size(); i += point_numbers) {
    if (!(points[i] >= 0 && points[i] <= static_cast<double>(state.step))) fail("{}: the loss curve has a point past its steps", file.path);
    state.loss_curve.emplace_back(static_cast<Index>(points[i]), points[i + 1]);
  }
  const auto epochs = static_cast<Index>(state.history.size());
  const auto in_history = [epochs](const ScoredEpoch& one) { return one.epoch >= 0 && one.epoch <= epochs; };
  if (state.position.epoch != epochs || state.step < 0 || state.curve_every < 1 || state.epochs < 1 || !in_history(state.best) ||
      !in_history(state.bar)) {
    fail("{}: the checkpoint contradicts itself: step {}, epoch {}, {} epochs in its history", file.path, state.step,
         state.position.epoch, epochs);
  }

  std::vector<Copy> copies;
  for (const auto& [name, tensor] : float_tensors(run)) copies.push_back(copy_of(file, name, tensor));
  for (const auto& tensor : file.tensors) {
    const bool mine = is_state(tensor.name) || std::any_of(copies.begin(), copies.end(), [&](const Copy& c) { return c.from == &tensor; });
    if (!mine) fail("{}: this run has no tensor '{}': it is a checkpoint of another model", file.path, tensor.name);
  }
  std::vector<std::pair<std::string, Tensor>> best;
  if (file.find(prefix + ("best." + run.model.state_dict().front().first)) != nullptr) {
    for (const auto& [name, tensor] : run.model.state_dict()) {
      best.emplace_back(name, Tensor(tensor.shape()));
      copies.push_back(copy_of(file, prefix + ("best." + name), best.back().second));
    }
  }
  std::vector<std::pair<Generator*, Generator>> generators;
  for (const auto& [name, generator] : run.model.named_generators()) {
    const StoredTensor& saved = file.at(prefix + ("generator." + name));
    if (saved.dtype != DType::u8) fail("{}: '{}' is {}, expected U8", file.path, saved.name, name_of(saved.dtype));
    const auto text = elements<char>(saved);
    generators.emplace_back(generator, Generator::restore({text.data(), text.size()}));
  }

  run.optimizer.resume(steps, updates);
  for (auto& [from, to] : copies) from->read_all(to.data());
  for (auto& [generator, saved] : generators) *generator = saved;
  for (const auto& one : run.model.named_parameters()) {
    if (one.parameter->origin == nn::Origin::declared) one.parameter->origin = nn::Origin::loaded;
  }
  run.state = std::move(state);
  run.best = std::move(best);
}

bool is_checkpoint(const TensorFile& file) { return file.metadata.contains("checkpoint.format"); }

void drop_training_state(TensorFile& file) {
  if (!is_checkpoint(file)) return;
  std::erase_if(file.tensors, [](const StoredTensor& tensor) { return is_state(tensor.name); });
  std::erase_if(file.metadata, [](const auto& one) { return is_state(one.first); });
}

}  // namespace fanin::train
