#include "examples/commands/model_file.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "examples/commands/command.hpp"
#include "framework/core/error.hpp"
#include "framework/io/state_dict.hpp"
#include "framework/io/tensor_file.hpp"
#include "framework/nn/initialize.hpp"
#include "framework/train/checkpoint.hpp"

namespace fanin::program {
namespace {

using nlohmann::json;

/// The metadata of a file as typed values, with errors that name the file and the key.
class Metadata {
 public:
  Metadata(const TensorFile& file, std::string path) : values_(file.metadata), path_(std::move(path)) {}

  std::string text(const char* key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) {
      fail("'{}' has no metadata '{}': it is not a model saved by 'fanin train --output'", path_, key);
    }
    return found->second;
  }
  std::uint64_t number(const char* key, std::uint64_t most) const {
    const std::string value = text(key);
    std::uint64_t number = 0;
    const auto [end, status] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (status != std::errc() || end != value.data() + value.size() || number > most) {
      fail("'{}': metadata '{}' is '{}', not a whole number up to {}", path_, key, value.substr(0, 40), most);
    }
    return number;
  }
  template <class T>
  std::vector<T> list(const char* key) const {
    try {
      return json::parse(text(key)).get<std::vector<T>>();
    } catch (const json::exception&) {
      fail("'{}': metadata '{}' is not a JSON list", path_, key);
    }
  }

 private:
  const std::map<std::string, std::string>& values_;
  std::string path_;
};

}  // namespace

std::map<std::string, std::string> model_metadata(const ModelOrigin& origin, const Dataset& data) {
  std::map<std::string, std::string> metadata = {
      {"framework", "fanin 0.1.0"},
      {"model", origin.model},
      {"plan", origin.plan},
      {"seed", std::to_string(origin.seed)},
      {"data", data.name},
      {"channels", std::to_string(data.channels)},
      {"height", std::to_string(data.height)},
      {"width", std::to_string(data.width)},
      {"classes", std::to_string(data.classes)},
      {"class_names", json(data.class_names).dump()},
      {"mean", json(data.mean).dump()},
      {"stddev", json(data.stddev).dump()},
  };
  if (!origin.warm_start.empty()) metadata["warm_start"] = origin.warm_start;
  return metadata;
}

void save_trained(const std::string& path, nn::Module& model, const ModelOrigin& origin,
                  const Dataset& data) {
  save_model(path, model, model_metadata(origin, data));
}

namespace {

/// The model a file describes, declared but without values.
LoadedModel described_model(const TensorFile& file) {
  const std::string& path = file.path;
  const Metadata metadata(file, path);
  LoadedModel loaded;
  loaded.origin = {.model = metadata.text("model"),
                   .plan = metadata.text("plan"),
                   .seed = metadata.number("seed", UINT64_MAX)};
  Dataset& like = loaded.like;
  like.name = metadata.text("data");
  like.channels = static_cast<Index>(metadata.number("channels", 1024));
  like.height = static_cast<Index>(metadata.number("height", 1 << 14));
  like.width = static_cast<Index>(metadata.number("width", 1 << 14));
  like.classes = static_cast<int>(metadata.number("classes", 1 << 20));
  like.class_names = metadata.list<std::string>("class_names");
  like.mean = metadata.list<float>("mean");
  like.stddev = metadata.list<float>("stddev");
  const auto channels = static_cast<std::size_t>(like.channels);
  if (like.mean.size() != channels || like.stddev.size() != channels) {
    fail("'{}': metadata mean and stddev must have one number for each of {} channels", path, like.channels);
  }
  loaded.input = {like.channels, like.height, like.width, like.classes};
  loaded.model = models::build(loaded.origin.model, loaded.input);
  return loaded;
}

}  // namespace

LoadedModel load_model(const std::string& path) {
  TensorFile file = read_tensor_file(path);
  train::drop_training_state(file);  // a checkpoint is a model file, and more
  LoadedModel loaded = described_model(file);
  load_state_dict(*loaded.model, file);
  return loaded;
}

namespace {

/// "conv1.weight, conv2.weight and 3 more".
std::string first_two(std::vector<std::string> names) {
  constexpr std::size_t shown = 2;
  const std::size_t count = names.size();
  names.resize(std::min(count, shown));
  return fmt::format("{}{}", fmt::join(names, ", "),
                     count > shown ? fmt::format(" and {} more", count - shown) : "");
}

/// The batch that schemes were fitted to, from the data set named in the file; Error where it is not at hand,
/// or another.
Batch fitting_batch(const LoadedModel& described, const std::string& fitted) {
  const Dataset& like = described.like;
  try {
    const Splits data = load_splits(like.name);
    require_fit(described, data.train);
    if (data.train.mean != like.mean || data.train.stddev != like.stddev)
      fail("the data set of this name has other pixels than the one the model was trained on");
    return initial_batch(data.train);
  } catch (const Error& error) {
    fail("{} started fitted to images of '{}' by '{}', and these are not at hand: {}", fitted, like.name,
         described.origin.plan, error.what());
  }
}

}  // namespace

TensorFile initial_values(const TensorFile& file) {
  const LoadedModel described = described_model(file);
  for (const auto& one :
       described.model->named_parameters()) {  // before anything is drawn: the text may ask for any size
    const Shape& shape = one.parameter->value.shape();
    const StoredTensor* saved = file.find(one.name);
    if (saved == nullptr || saved->sizes != std::vector<Index>(shape.begin(), shape.end())) {
      fail("'{}' is not in the file, or not of the shape {} that its model has", one.name, shape.to_string());
    }
  }
  Generator generator(described.origin.seed);
  const init::Plan plan = init::Plan::parse(described.origin.plan);
  if (const auto fitted = nn::fitted_parameters(*described.model, plan); !fitted.empty()) {
    const Batch batch = fitting_batch(described, first_two(fitted));
    nn::initialize(*described.model, plan, generator, batch.images, batch.labels);
  } else {
    nn::initialize(*described.model, plan, generator);
  }
  TensorFile born{.format = FileFormat::safetensors, .path = "initial values", .tensors = {}, .metadata = {}};
  for (const auto& one : described.model->named_parameters())
    born.tensors.push_back(stored(one.name, one.parameter->value));
  return born;
}

void require_fit(const LoadedModel& loaded, const Dataset& data) {
  const Dataset& like = loaded.like;
  if (like.channels == data.channels && like.height == data.height && like.width == data.width &&
      like.classes == data.classes)
    return;
  fail("the model reads {}×{}×{} images of {} classes, '{}' has {}×{}×{} of {}", like.channels, like.height,
       like.width, like.classes, data.name, data.channels, data.height, data.width, data.classes);
}

}  // namespace fanin::program
