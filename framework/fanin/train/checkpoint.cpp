#include <libdeflate.h>

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/io/not_finite.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/train/checkpoint.hpp>
#include <fanin/train/checkpoint_state.hpp>
#include <fanin/train/settings.hpp>

namespace fanin::train {
namespace {

using nlohmann::ordered_json;
using Metadata = std::map<std::string, std::string>;

constexpr const char* prefix = checkpoint_prefix;
constexpr const char* format_version = "2";  // 1 named its settings otherwise

bool is_state(const std::string& name) { return name.starts_with(prefix); }

/// CRC-32 over all metadata and tensors, in the order of their names.
std::string checksum(const Metadata& metadata, std::vector<io::StoredTensor> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::uint32_t crc = 0;
  const auto add = [&crc](const std::string& text) {
    crc = libdeflate_crc32(crc, text.c_str(), text.size() + 1);
  };
  for (const auto& [key, value] : metadata) {
    if (key == "checkpoint.crc32") continue;
    add(key);
    add(value);
  }
  for (const auto& tensor : tensors) {
    add(tensor.name + name_of(tensor.dtype) + tensor.shape_text());
    tensor.read_pieces(tensor.dtype, [&crc](const std::byte* piece, std::size_t size) {
      crc = libdeflate_crc32(crc, piece, size);
    });
  }
  return fmt::format("{:08x}", crc);
}

std::string shortened(const std::string& text) { return text.size() <= 80 ? text : text.substr(0, 77) + "…"; }

/// A long `text` from a little before byte `at`, where it differs from another.
std::string around(const std::string& text, std::size_t at) {
  constexpr std::size_t before = 24, most = 72;
  if (text.size() <= most) return text;
  std::size_t begin = at > before ? at - before : 0, end = std::min(text.size(), begin + most);
  while (begin > 0 && !text::starts_code_point(text[begin])) --begin;
  while (end < text.size() && !text::starts_code_point(text[end])) ++end;
  return (begin > 0 ? "…" : "") + text.substr(begin, end - begin) + (end < text.size() ? "…" : "");
}

[[noreturn]] void differs(const io::TensorFile& file, const std::string& what, const std::string& then,
                          const std::string& now) {
  const auto at = static_cast<std::size_t>(
      std::mismatch(then.begin(), then.end(), now.begin(), now.end()).first - then.begin());
  const auto shown = [at](const std::string& text) {
    return text.empty() ? "not set" : "'" + around(text, at) + "'";
  };
  fail_usage("cannot resume from {}: its {} was {}, now it is {}; give the same options, or another folder",
             file.path, what, shown(then), shown(now));
}

std::string default_setting(const std::string& name) {
  for (const auto& [key, value] : settings_of(TrainOptions{}))
    if (key == name) return value;
  return {};
}

void check_settings(const io::TensorFile& file, const SettingTexts& settings, const Metadata& metadata) {
  const auto known = [&](const std::string& key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  for (const auto& [key, value] : metadata) {
    if (key == "draws" && known(key) != value)
      fail_usage(
          "cannot resume from {}: a fanin that draws initial weights in another way began this run (draws {}, here {}); "
          "end it with that one, or give another folder",
          file.path, known(key).empty() ? "1" : shortened(known(key)), value);
    if (known(key) != value && key != "framework") differs(file, key, known(key), value);
  }
  try {
    const auto saved = ordered_json::parse(checkpoint_text(file, "checkpoint.settings"));
    for (const auto& [name, value] : settings) {
      // A version that did not know a setting ran as it is by default.
      const std::string then = saved.value(name, default_setting(name));
      if (then != value) differs(file, name, then, value);
    }
  } catch (const nlohmann::json::exception&) {
    fail("{}: the metadata 'checkpoint.settings' is not what a checkpoint holds", file.path);
  }
}

/// Where the elements of a tensor in the file go.
struct Copy {
  const io::StoredTensor* from;
  Tensor to;
};

Copy copy_of(const io::TensorFile& file, const std::string& name, const Tensor& to) {
  const io::StoredTensor* from = file.find(name);
  const std::string wanted = to.shape().to_string();
  if (from == nullptr)
    fail("{}: no tensor '{}', which this run has: it is a checkpoint of another model", file.path, name);
  if (from->dtype != io::DType::f32 ||
      from->sizes != std::vector<Index>(to.shape().begin(), to.shape().end())) {
    fail("{}: tensor '{}' is {} {}, this run has F32 {}: it is a checkpoint of another model", file.path,
         name, name_of(from->dtype), from->shape_text(), wanted);
  }
  if (const io::NotFinite found = not_finite(*from); found.any() && !is_state(name)) {
    fail(
        "{}: tensor '{}': {}: no run can go on from it; resume from an older checkpoint, or start anew in another folder",
        file.path, name, found.to_string());
  }
  return {from, to};
}

/// The tensors of a run that hold floats, under their names in the file, sharing their elements.
std::vector<std::pair<std::string, Tensor>> float_tensors(const RunParts& run) {
  auto all = run.model.state_dict();
  for (const auto& [name, tensor] : run.optimizer.state())
    all.emplace_back(prefix + ("optimizer." + name), tensor);
  for (const auto& [name, tensor] : run.tuning.starts()) all.emplace_back(prefix + ("start." + name), tensor);
  return all;
}

}  // namespace

void save_checkpoint(const std::string& path, const RunParts& run, const SettingTexts& settings,
                     const Metadata& metadata) {
  std::vector<io::StoredTensor> tensors;
  for (const auto& [name, tensor] : float_tensors(run)) tensors.push_back(io::stored(name, tensor));
  for (const auto& [name, tensor] : run.best)
    tensors.push_back(io::stored(prefix + ("best." + name), tensor));

  const auto generators = run.model.named_generators();
  std::vector<std::vector<std::uint8_t>> states;
  for (const auto& [name, generator] : generators) {
    const std::string text = generator->save();
    states.emplace_back(text.begin(), text.end());
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    tensors.push_back({.name = prefix + ("generator." + generators[i].first),
                       .dtype = io::DType::u8,
                       .sizes = {static_cast<Index>(states[i].size())},
                       .strides = {},
                       .data = reinterpret_cast<const std::byte*>(states[i].data()),
                       .big_endian = false,
                       .owner = nullptr});
  }
  const SeriesTables series(run.state);
  for (auto& tensor : series.tensors()) tensors.push_back(std::move(tensor));

  ordered_json saved_settings = ordered_json::object();
  for (const auto& [name, value] : settings) saved_settings[name] = value;

  Metadata all = metadata;
  all["checkpoint.format"] = format_version;
  all["checkpoint.state"] = state_text({.run = run.state,
                                        .optimizer_steps = run.optimizer.steps(),
                                        .optimizer_updates = run.optimizer.updates()});
  all["checkpoint.settings"] = saved_settings.dump();
  all["checkpoint.crc32"] = checksum(all, tensors);
  io::write_safetensors(path, tensors, all);
}

io::TensorFile read_checkpoint(const std::string& path) {
  io::TensorFile file = io::read_tensor_file(path);
  const std::string& version = checkpoint_text(file, "checkpoint.format");
  if (version != format_version) {
    fail("{}: a checkpoint of format '{}', this version reads format {}", path, shortened(version),
         format_version);
  }
  if (checksum(file.metadata, file.tensors) != checkpoint_text(file, "checkpoint.crc32")) {
    fail("{}: the checkpoint is damaged: its checksum is not that of its contents", path);
  }
  return file;
}

void restore_checkpoint(const io::TensorFile& file, const RunParts& run, const SettingTexts& settings,
                        const Metadata& metadata) {
  check_settings(file, settings, metadata);
  SavedState state = saved_state(file);

  std::vector<Copy> copies;
  for (const auto& [name, tensor] : float_tensors(run)) copies.push_back(copy_of(file, name, tensor));
  for (const auto& tensor : file.tensors) {
    const bool known = is_state(tensor.name) || std::any_of(copies.begin(), copies.end(),
                                                            [&](const Copy& c) { return c.from == &tensor; });
    if (!known)
      fail("{}: this run has no tensor '{}': it is a checkpoint of another model", file.path, tensor.name);
  }
  std::vector<std::pair<std::string, Tensor>> best;
  const auto mine = run.model.state_dict();
  if (!mine.empty() && file.find(prefix + ("best." + mine.front().first)) != nullptr) {
    for (const auto& [name, tensor] : mine) {
      best.emplace_back(name, Tensor(tensor.shape()));
      copies.push_back(copy_of(file, prefix + ("best." + name), best.back().second));
    }
  }
  std::vector<std::pair<Generator*, Generator>> generators;
  for (const auto& [name, generator] : run.model.named_generators()) {
    const io::StoredTensor& saved = file.at(prefix + ("generator." + name));
    if (saved.dtype != io::DType::u8)
      fail("{}: '{}' is {}, expected U8", file.path, saved.name, name_of(saved.dtype));
    std::string text(saved.byte_size(), '\0');
    saved.read_bytes(0, saved.numel(), reinterpret_cast<std::byte*>(text.data()));
    generators.emplace_back(generator, Generator::restore(text));
  }

  run.optimizer.resume(state.optimizer_steps, state.optimizer_updates);
  for (auto& [from, to] : copies) from->read_all(to.data());
  for (auto& [generator, saved] : generators) *generator = saved;
  for (const auto& one : run.model.named_parameters()) {
    if (one.parameter->origin == nn::Origin::declared) one.parameter->origin = nn::Origin::loaded;
  }
  run.state = std::move(state.run);
  run.best = std::move(best);
}

void read_model(const io::TensorFile& file, nn::Module& model) {
  std::vector<Copy> copies;
  for (const auto& [name, tensor] : model.state_dict()) copies.push_back(copy_of(file, name, tensor));
  for (auto& [from, to] : copies) from->read_all(to.data());
}

bool is_checkpoint(const io::TensorFile& file) { return file.metadata.contains("checkpoint.format"); }

void drop_training_state(io::TensorFile& file) {
  if (!is_checkpoint(file)) return;
  std::erase_if(file.tensors, [](const io::StoredTensor& tensor) { return is_state(tensor.name); });
  std::erase_if(file.metadata, [](const auto& one) { return is_state(one.first); });
}

}  // namespace fanin::train
