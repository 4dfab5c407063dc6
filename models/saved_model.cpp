#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <nlohmann/json.hpp>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/version.hpp>
#include <fanin/io/json_scanner.hpp>
#include <fanin/io/metadata_numbers.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/declaration_limit.hpp>
#include <fanin/start/slots.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/train/checkpoint.hpp>

namespace fanin::models {
namespace {

using nlohmann::json;

constexpr std::size_t longest_class_name = 1024;
/// Floats that one layer's output may take for one image: 1 GiB.
constexpr Index largest_activation = Index{1} << 28;

/// The metadata of a file as typed values within limits, with errors that name the file and the key.
class Metadata {
 public:
  explicit Metadata(const io::TensorFile& file) : values_(file.metadata), path_(file.path) {}

  const std::string& text(const char* key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) {
      fail(
          "'{}' has no metadata '{}': it is no .safetensors file of 'fanin train --output', which alone says what model its weights are of",
          path_, key);
    }
    return found->second;
  }
  std::uint64_t number(const char* key, std::uint64_t least, std::uint64_t most) const {
    const std::string& value = text(key);
    std::uint64_t number = 0;
    const auto [end, status] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (status != std::errc() || end != value.data() + value.size() || number < least || number > most) {
      fail("'{}': metadata '{}' is '{}', not a whole number from {} to {}", path_, key, printable(value, 40),
           least, most);
    }
    return number;
  }
  /// One for each class, or none.
  std::vector<std::string> names(const char* key, std::size_t classes) const {
    std::vector<std::string> all;
    io::JsonScanner scanner(text(key), fmt::format("'{}': metadata '{}'", path_, key));
    for (bool more = scanner.open('['); more; more = scanner.next(']')) {
      if (all.size() == classes)
        fail("'{}': metadata '{}' names more than the {} classes", path_, key, classes);
      all.push_back(scanner.string(longest_class_name));
    }
    scanner.end();
    if (!all.empty() && all.size() != classes)
      fail("'{}': metadata '{}' names {} of {} classes", path_, key, all.size(), classes);
    return all;
  }
  /// A number for each channel, from `least` to `most`.
  std::vector<float> numbers(const char* key, std::size_t channels, double least, double most) const {
    const auto read = io::metadata_numbers(path_, key, text(key), channels, least, most);
    const std::vector<float> all(read.begin(), read.end());
    if (all.size() != channels)
      fail("'{}': metadata '{}' must have one number for each of {} channels", path_, key, channels);
    return all;
  }

 private:
  const std::map<std::string, std::string>& values_;
  const std::string& path_;
};

/// A data set's text with the whole path of its folder, so that it means the same wherever the model is used.
std::string anywhere(const std::string& data) {
  CallExpression call = CallExpression::parse(data);
  if (call.name != "folder" && call.name != "idx") return data;
  for (CallArgument& argument : call.args) {
    if (argument.key != "path" && !(argument.key.empty() && &argument == &call.args.front())) continue;
    argument.text = std::filesystem::absolute(argument.text).lexically_normal().string();
  }
  return call.to_string();
}

/// How many elements lie in the file, each counted once whatever views there are of it.
Index elements_in(const io::TensorFile& file) {
  std::vector<const io::StoredTensor*> tensors;
  for (const auto& tensor : file.tensors) tensors.push_back(&tensor);
  const std::less<const std::byte*> before;
  std::sort(tensors.begin(), tensors.end(),
            [&](const auto* a, const auto* b) { return before(a->data, b->data); });
  Index elements = 0;
  const std::byte* seen = nullptr;
  for (const auto* tensor : tensors) {
    const auto size = static_cast<Index>(size_of(tensor->dtype));
    const std::byte* end = tensor->data + tensor->stored_elements() * size;
    const std::byte* begin = seen != nullptr && before(tensor->data, seen) ? seen : tensor->data;
    if (!before(begin, end)) continue;
    elements += (end - begin) / size;
    seen = end;
  }
  return elements;
}

/// A file's own model text is built under a limit, and what is wrong with it is the file's fault.
nn::ModulePtr build_within(const io::TensorFile& file, const std::string& text, const InputSpec& input,
                           Index elements) {
  const nn::DeclarationLimit limit(file.tensors.size(), elements);
  try {
    return build(text, input);
  } catch (const Error& error) {
    fail("'{}': no model '{}', as its metadata have it, can be made of its {} tensors of {} elements: {}",
         file.path, printable(text, 60), file.tensors.size(), elements_in(file), error.what());
  }
}

/// Pixels cost a file nothing: their number is held against the widest layer that reads them.
void require_small_images(const io::TensorFile& file, const InputSpec& input) {
  Index widest = input.channels;
  for (const auto& tensor : file.tensors) {
    if (tensor.sizes.size() == 4) widest = std::max({widest, tensor.sizes[0], tensor.sizes[1]});
  }
  if (widest > largest_activation / (input.height * input.width)) {
    fail("'{}': its metadata speak of images of {}×{}, too large for a model with {} channels", file.path,
         input.height, input.width, widest);
  }
}

}  // namespace

InputSpec input_of(const data::Dataset& data) {
  return {.channels = data.channels, .height = data.height, .width = data.width, .classes = data.classes};
}

std::map<std::string, std::string> metadata_of(const ModelOrigin& origin, const data::Dataset& data) {
  std::map<std::string, std::string> metadata = {
      {"framework", std::string("fanin ") + version},
      {"model", origin.model},
      {"plan", origin.plan},
      {"seed", std::to_string(origin.seed)},
      {"draws", std::to_string(start::draws_version)},
      {"data", io::is_utf8(data.name) ? anywhere(data.name) : printable(data.name)},
      {"channels", std::to_string(data.channels)},
      {"height", std::to_string(data.height)},
      {"width", std::to_string(data.width)},
      {"classes", std::to_string(data.classes)},
      {"class_names", json(data.class_names).dump(-1, ' ', false, json::error_handler_t::replace)},
      {"mean", json(data.mean).dump()},
      {"stddev", json(data.stddev).dump()},
  };
  if (!origin.normalization.empty()) metadata["normalisation"] = origin.normalization;
  if (!origin.warm_start.empty()) metadata["warm_start"] = origin.warm_start;
  return metadata;
}

void save(const std::string& path, nn::Module& model, const ModelOrigin& origin, const data::Dataset& data) {
  start::save_model(path, model, metadata_of(origin, data));
}

SavedModel described(const io::TensorFile& file) {
  const Metadata metadata(file);
  SavedModel saved;
  saved.origin = {.model = metadata.text("model"),
                  .plan = metadata.text("plan"),
                  .seed = metadata.number("seed", 0, UINT64_MAX)};
  if (file.metadata.contains("normalisation")) saved.origin.normalization = metadata.text("normalisation");
  data::Dataset& like = saved.like;
  like.name = metadata.text("data");
  like.channels = static_cast<Index>(metadata.number("channels", 1, 1024));
  like.height = static_cast<Index>(metadata.number("height", 1, 1 << 14));
  like.width = static_cast<Index>(metadata.number("width", 1, 1 << 14));
  like.classes = static_cast<int>(metadata.number("classes", 1, 1 << 20));
  const auto channels = static_cast<std::size_t>(like.channels);
  like.mean = metadata.numbers("mean", channels, io::least_mean, io::most_mean);
  like.stddev = metadata.numbers("stddev", channels, io::least_stddev, io::most_stddev);
  saved.input = input_of(like);
  require_small_images(file, saved.input);
  saved.model = build_within(file, saved.origin.model, saved.input, elements_in(file));
  like.class_names = metadata.names("class_names", static_cast<std::size_t>(like.classes));
  return saved;
}

SavedModel open(const std::string& path, bool allow_nonfinite) {
  io::TensorFile file = io::read_tensor_file(path);
  train::drop_training_state(file);  // a checkpoint is a model file, and more
  SavedModel saved = described(file);
  start::load_state_dict(*saved.model, file, {.allow_nonfinite = allow_nonfinite});
  return saved;
}

nn::ModulePtr build_like(const io::TensorFile& file, const std::string& text, const InputSpec& input) {
  constexpr Index spare = Index{1} << 24;  // for another number of classes or channels: 64 MiB
  return build_within(file, text, input, elements_in(file) + spare);
}

void SavedModel::require_fit(const data::Dataset& data) const {
  if (like.channels == data.channels && like.height == data.height && like.width == data.width &&
      like.classes == data.classes)
    return;
  fail("the model reads {}×{}×{} images of {} classes, '{}' has {}×{}×{} of {}", like.channels, like.height,
       like.width, like.classes, data.name, data.channels, data.height, data.width, data.classes);
}

}  // namespace fanin::models
