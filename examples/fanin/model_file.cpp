#include "examples/fanin/model_file.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <optional>

#include <nlohmann/json.hpp>

#include <fanin/core/error.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/version.hpp>
#include <fanin/data/transform.hpp>
#include <fanin/io/json_scanner.hpp>
#include <fanin/io/metadata_numbers.hpp>
#include <fanin/io/path_guard.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/nn/declaration_limit.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/slots.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/train/checkpoint.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

using nlohmann::json;

constexpr std::size_t longest_class_name = 1024;
/// Floats that one layer's output may take for one image: 1 GiB.
constexpr Index largest_activation = Index{1} << 28;
/// What drawing again may cost, in multiplications: an orthogonal matrix takes rows × columns × the smaller
/// of both.
constexpr double largest_draw = 4e11;

/// The metadata of a file as typed values within limits, with errors that name the file and the key.
class Metadata {
 public:
  Metadata(const io::TensorFile& file, std::string path) : values_(file.metadata), path_(std::move(path)) {}

  bool has(const char* key) const { return values_.contains(key); }
  const std::string& text(const char* key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) {
      fail("'{}' has no metadata '{}': it is not a model saved by 'fanin train --output'", path_, key);
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
    list(key, [&](io::JsonScanner& scanner) {
      if (all.size() == classes)
        fail("'{}': metadata '{}' names more than the {} classes", path_, key, classes);
      all.push_back(scanner.string(longest_class_name));
    });
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
  template <class Take>
  void list(const char* key, Take take) const {
    io::JsonScanner scanner(text(key), fmt::format("'{}': metadata '{}'", path_, key));
    for (bool more = scanner.open('['); more; more = scanner.next(']')) take(scanner);
    scanner.end();
  }

  const std::map<std::string, std::string>& values_;
  std::string path_;
};

/// A data set's text with the whole path of its folder, so that it means the same wherever the model is used.
std::string anywhere(const std::string& data) {
  Expression call = Expression::parse(data);
  if (call.name != "folder" && call.name != "idx") return data;
  for (Argument& argument : call.args) {
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
nn::ModulePtr build_within(const io::TensorFile& file, const std::string& text,
                           const models::InputSpec& input, Index elements) {
  const nn::DeclarationLimit limit(file.tensors.size(), elements);
  try {
    return models::build(text, input);
  } catch (const Error& error) {
    fail("'{}': no model '{}', as its metadata have it, can be made of its {} tensors of {} elements: {}",
         file.path, printable(text, 60), file.tensors.size(), elements_in(file), error.what());
  }
}

/// Pixels cost a file nothing: their number is held against the widest layer that reads them.
void require_small_images(const io::TensorFile& file, const models::InputSpec& input) {
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

std::map<std::string, std::string> model_metadata(const ModelOrigin& origin, const data::Dataset& data) {
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
  if (!origin.normalisation.empty()) metadata["normalisation"] = origin.normalisation;
  if (!origin.warm_start.empty()) metadata["warm_start"] = origin.warm_start;
  return metadata;
}

void save_trained(const std::string& path, nn::Module& model, const ModelOrigin& origin,
                  const data::Dataset& data) {
  start::save_model(path, model, model_metadata(origin, data));
}

namespace {

/// The model a file describes, declared but without values.
LoadedModel described_model(const io::TensorFile& file) {
  const Metadata metadata(file, file.path);
  LoadedModel loaded;
  loaded.origin = {.model = metadata.text("model"),
                   .plan = metadata.text("plan"),
                   .seed = metadata.number("seed", 0, UINT64_MAX)};
  if (file.metadata.contains("normalisation")) loaded.origin.normalisation = metadata.text("normalisation");
  data::Dataset& like = loaded.like;
  like.name = metadata.text("data");
  like.channels = static_cast<Index>(metadata.number("channels", 1, 1024));
  like.height = static_cast<Index>(metadata.number("height", 1, 1 << 14));
  like.width = static_cast<Index>(metadata.number("width", 1, 1 << 14));
  like.classes = static_cast<int>(metadata.number("classes", 1, 1 << 20));
  const auto channels = static_cast<std::size_t>(like.channels);
  like.mean = metadata.numbers("mean", channels, io::least_mean, io::most_mean);
  like.stddev = metadata.numbers("stddev", channels, io::least_stddev, io::most_stddev);
  loaded.input = {like.channels, like.height, like.width, like.classes};
  require_small_images(file, loaded.input);
  loaded.model = build_within(file, loaded.origin.model, loaded.input, elements_in(file));
  like.class_names = metadata.names("class_names", static_cast<std::size_t>(like.classes));
  return loaded;
}

}  // namespace

LoadedModel load_model(const std::string& path, bool allow_nonfinite) {
  io::TensorFile file = io::read_tensor_file(path);
  train::drop_training_state(file);  // a checkpoint is a model file, and more
  LoadedModel loaded = described_model(file);
  start::load_state_dict(*loaded.model, file, {.allow_nonfinite = allow_nonfinite});
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

/// A flag to be pasted; without its word where a file has made that longer than anyone would paste.
std::string flag_with(const char* flag, const std::string& word) {
  constexpr std::size_t longest = 200;
  return word.size() > longest ? flag : fmt::format("{} {}", flag, shell_word(word));
}

/// The batch that schemes are fitted to, from the data set that the user names; Error where it is another
/// than in training.
data::Batch fitting_batch(const LoadedModel& described, const std::string& fitted, const Redraw& allowed) {
  const data::Dataset& like = described.like;
  const std::string why = fmt::format("{} started fitted to images of '{}' by '{}'", fitted,
                                      printable(like.name, 200), printable(described.origin.plan, 200));
  if (allowed.fit_data.empty())
    fail("{}; no data set is loaded on a file's word, so name it: {}", why,
         flag_with("--fit-data", like.name));
  try {
    datasets::Splits data = datasets::load_splits(allowed.fit_data);
    require_fit(described, data.train);
    if (!described.origin.normalisation.empty())
      data.train.normalise(data::Transform::parse(described.origin.normalisation).normalisation());
    if (data.train.mean != like.mean || data.train.stddev != like.stddev)
      fail("'{}' has other pixels than the set that the model was trained on", allowed.fit_data);
    return initial_batch(data.train);
  } catch (const Error& error) {
    fail("{}, and these are not at hand: {}", why, error.what());
  }
}

/// Refuses what would keep one waiting only because a file says so.
void require_quick_draw(const LoadedModel& described) {
  double cost = 0;
  for (const auto& one : described.model->named_parameters()) {
    const Shape& shape = one.parameter->value.shape();
    if (shape.rank() < 2 || shape.numel() == 0) continue;
    const auto rows = static_cast<double>(shape[0]), columns = static_cast<double>(shape.numel()) / rows;
    cost += rows * columns * std::min(rows, columns);
  }
  if (cost > largest_draw) fail("matrices this large are not drawn again on a file's word");
}

}  // namespace

io::TensorFile initial_values(const io::TensorFile& file, const Redraw& allowed) {
  const LoadedModel described = described_model(file);
  for (const auto& one :
       described.model->named_parameters()) {  // before anything is drawn: the text may ask for any size
    const Shape& shape = one.parameter->value.shape();
    const io::StoredTensor* saved = file.find(one.name);
    if (saved == nullptr || saved->sizes != std::vector<Index>(shape.begin(), shape.end())) {
      fail("'{}' is not in the file, or not of the shape {} that its model has", one.name, shape.to_string());
    }
  }
  require_quick_draw(described);
  std::optional<io::PathGuard> guard;
  if (!allowed.open_paths_in_plan) guard.emplace();
  Generator generator(described.origin.seed);
  const init::Plan plan = init::Plan::parse(described.origin.plan);
  const Metadata metadata(file, file.path);
  const bool by_slots =
      metadata.has("draws") && metadata.number("draws", 1, start::draws_version) == start::draws_version;
  if (const auto fitted = start::fitted_parameters(*described.model, plan); !fitted.empty()) {
    const data::Batch batch = fitting_batch(described, first_two(fitted), allowed);
    const start::Samples samples{batch.images, batch.labels};
    if (by_slots)
      start::initialize(*described.model, plan, generator, batch.images, batch.labels);
    else
      start::initialize_by_one_stream(*described.model, plan, generator, &samples);
  } else if (by_slots) {
    start::initialize(*described.model, plan, generator);
  } else {
    start::initialize_by_one_stream(*described.model, plan, generator);
  }
  io::TensorFile born{
      .format = io::FileFormat::safetensors, .path = "initial values", .tensors = {}, .metadata = {}};
  for (const auto& one : described.model->named_parameters())
    born.tensors.push_back(io::stored(one.name, one.parameter->value));
  return born;
}

std::string described_text(const io::TensorFile& file) {
  if (!file.metadata.contains("model"))
    fail_usage("'{}' does not say which model it is; give --model, see fanin models", file.path);
  return described_model(file).origin.model;
}

nn::ModulePtr build_described(const io::TensorFile& file, const std::string& text,
                              const models::InputSpec& input) {
  constexpr Index spare = Index{1} << 24;  // for another number of classes or channels: 64 MiB
  return build_within(file, text, input, elements_in(file) + spare);
}

std::string followed_data(const LoadedModel& loaded, const std::string& path, const std::string& given) {
  if (!given.empty()) return given;
  const std::string& name = loaded.like.name;
  if (datasets::is_bare_dataset(name)) return name;
  fail_usage(
      "'{}' names '{}' as the data it was trained on; what a file names is not opened unless you say so: {}",
      path, printable(name, 200), flag_with("--data", name));
}

void require_fit(const LoadedModel& loaded, const data::Dataset& data) {
  const data::Dataset& like = loaded.like;
  if (like.channels == data.channels && like.height == data.height && like.width == data.width &&
      like.classes == data.classes)
    return;
  fail("the model reads {}×{}×{} images of {} classes, '{}' has {}×{}×{} of {}", like.channels, like.height,
       like.width, like.classes, data.name, data.channels, data.height, data.width, data.classes);
}

}  // namespace fanin::program
