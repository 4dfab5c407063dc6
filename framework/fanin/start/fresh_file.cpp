#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <tuple>

#include <fanin/core/fail.hpp>
#include <fanin/init/constant.hpp>
#include <fanin/init/random.hpp>
#include <fanin/init/variance_scaling.hpp>
#include <fanin/start/fresh_file.hpp>

namespace fanin::start {
namespace {

/// A last part of a name, and what a tensor of it is.
struct Word {
  std::string_view word;
  FilePart part;
  std::string_view torch;  // its name in PyTorch
  bool inputs_last = false;
};

constexpr std::array words{
    Word{"kernel", FilePart::weight, "weight", true},
    Word{"recurrent_kernel", FilePart::weight, "recurrent_weight", true},
    Word{"embedding", FilePart::embedding, "weight"},
    Word{"embeddings", FilePart::embedding, "weight"},
    Word{"gamma", FilePart::norm_weight, "weight"},
    Word{"scale", FilePart::norm_weight, "weight"},
    Word{"beta", FilePart::bias, "bias"},
    Word{"bias", FilePart::bias, "bias"},
    Word{"running_mean", FilePart::running_mean, "running_mean"},
    Word{"moving_mean", FilePart::running_mean, "running_mean"},
    Word{"mean", FilePart::running_mean, "running_mean"},
    Word{"running_var", FilePart::running_var, "running_var"},
    Word{"moving_variance", FilePart::running_var, "running_var"},
    Word{"var", FilePart::running_var, "running_var"},
    Word{"num_batches_tracked", FilePart::batches, "num_batches_tracked"},
};

/// "a/b/kernel:0" → {"a", "b", "kernel"}; empty parts are left out.
std::vector<std::string> parts_of(std::string_view name) {
  if (name.ends_with(":0")) name.remove_suffix(2);
  std::vector<std::string> parts(1);
  for (const char c : name) {
    if (c == '.' || c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  std::erase(parts, "");
  if (parts.empty()) parts.emplace_back("unnamed");
  return parts;
}

bool names_embedding(const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end() - 1, [](const std::string& part) {
    return part.find("embed") != std::string::npos || part == "wte" || part == "wpe";
  });
}

FilePlace place_of(const io::StoredTensor& tensor) {
  std::vector<std::string> parts = parts_of(tensor.name);
  const std::size_t rank = tensor.sizes.size();
  FilePlace place;
  const auto known =
      std::find_if(words.begin(), words.end(), [&](const Word& one) { return one.word == parts.back(); });
  const bool matrix = rank >= 2 && rank <= std::size_t{Shape::max_rank};
  if (known != words.end()) {
    const bool fits = known->part == FilePart::weight || known->part == FilePart::embedding ? matrix
                      : known->part == FilePart::batches                                    ? rank <= 1
                                                                                            : rank == 1;
    if (fits) {
      place.part = known->part;
      place.inputs_last = known->inputs_last;
      parts.back() = known->torch;
    }
  } else if (parts.back().find("weight") != std::string::npos) {
    place.part = matrix ? FilePart::weight : rank == 1 ? FilePart::norm_weight : FilePart::kept;
    if (rank == 2 && names_embedding(parts)) place.part = FilePart::embedding;
  } else if (parts.back().find("bias") != std::string::npos && rank == 1) {
    place.part = FilePart::bias;
  }
  if (!io::is_float(tensor.dtype) && place.part != FilePart::batches) place.part = FilePart::kept;
  if (place.part == FilePart::kept && io::is_float(tensor.dtype)) parts.emplace_back("weight");
  place.name = fmt::format("{}", fmt::join(parts, "."));
  return place;
}

std::string layer_of(const std::string& name) {
  const auto dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

/// Layers that only hold what a file's names say they have.
class Skeleton final : public nn::Module {
 public:
  std::string kind() const override { return "Layer"; }
  std::shared_ptr<nn::Parameter> add(const std::string& name, const Shape& shape,
                                     const init::Initializer& scheme, const init::Fans& fans) {
    names_.push_back(name);
    return add_parameter(names_.back().c_str(), shape, scheme, fans);
  }
  /// The layer of that name below this one, made where there is none.
  Skeleton& below(const std::string& name) {
    auto& layer = layers_[name];
    if (!layer) add_child(name, layer = std::make_shared<Skeleton>());
    return *layer;
  }

 private:
  std::deque<std::string> names_;  // which the parameters' own point to
  std::map<std::string, std::shared_ptr<Skeleton>> layers_;
};

/// Of a tensor in PyTorch's order: a kernel's last dimension, its outputs, comes first, then its inputs.
Shape torch_shape(const io::StoredTensor& tensor, bool inputs_last) {
  const auto& sizes = tensor.sizes;
  Shape shape = Shape::of(sizes.data(), sizes.size());
  if (!inputs_last) return shape;
  const std::size_t rank = sizes.size();
  std::vector<Index> moved{sizes[rank - 1], sizes[rank - 2]};
  moved.insert(moved.end(), sizes.begin(), sizes.end() - 2);
  return Shape::of(moved.data(), rank);
}

/// The inverse: strides by which elements in PyTorch's order are read in the file's.
std::vector<Index> file_strides(const Shape& torch) {
  const int rank = torch.rank();
  std::vector<Index> strides(static_cast<std::size_t>(rank));
  Index stride = 1;
  for (int i = rank - 1; i >= 0; --i) {
    strides[static_cast<std::size_t>(i < 2 ? rank - 1 - i : i - 2)] = stride;
    stride *= torch[i];
  }
  return strides;
}

const init::Initializer& scheme_of(FilePart part, bool beside_weight) {
  static const init::Initializer weight = init::kaiming_uniform({.a = std::sqrt(5.0)}),
                                 embedding = init::normal(), bias = init::fan_uniform(), ones = init::ones(),
                                 zeros = init::zeros();
  switch (part) {
    case FilePart::weight:
      return weight;
    case FilePart::embedding:
      return embedding;
    case FilePart::norm_weight:
      return ones;
    case FilePart::bias:
      return beside_weight ? bias : zeros;
    default:
      return zeros;
  }
}

/// A tensor like another of a file, with these bytes.
io::StoredTensor with_bytes(const io::StoredTensor& like, std::vector<std::byte> bytes) {
  const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  io::StoredTensor made;
  made.name = like.name;
  made.dtype = like.dtype;
  made.sizes = like.sizes;
  made.data = owner->data();
  made.owner = owner;
  return made;
}

/// Elements as the file's dtype has them, contiguous and in its order.
io::StoredTensor in_form_of(const io::StoredTensor& like, const Tensor& values, bool inputs_last) {
  io::StoredTensor own = io::stored(like.name, values);
  own.sizes = like.sizes;
  if (inputs_last) own.strides = file_strides(values.shape());
  std::vector<std::byte> bytes;
  bytes.reserve(like.byte_size());
  own.read_pieces(like.dtype, [&](const std::byte* piece, std::size_t size) {
    bytes.insert(bytes.end(), piece, piece + size);
  });
  return with_bytes(like, std::move(bytes));
}

/// Whether a rule names this tensor alone or among others by its name: then it is drawn, whatever it is.
bool is_named(const init::Plan& plan, const FilePlace& place, const io::StoredTensor& tensor) {
  if (tensor.sizes.size() > std::size_t{Shape::max_rank} || !io::is_float(tensor.dtype)) return false;
  const init::PlanRule* rule =
      plan.rule_for({.name = place.name, .rank = static_cast<int>(tensor.sizes.size())});
  return rule && !rule->pattern.empty() && rule->init;
}

void require_bearable(const io::TensorFile& file) {
  constexpr Index most = Index{1} << 31;
  Index total = 0;
  for (const auto& tensor : file.tensors) {
    if (tensor.stored_elements() < tensor.numel())
      fail("{}: '{}' {} shows {} stored elements again and again; it cannot be given values of its own",
           file.path, tensor.name, tensor.shape_text(), tensor.stored_elements());
    total += tensor.numel();
    if (total > most) fail("{}: it has more than 2^31 elements, more than are drawn at once", file.path);
  }
}

}  // namespace

std::vector<FilePlace> places_of(const io::TensorFile& file) {
  std::vector<FilePlace> places;
  std::map<std::string, std::string> taken;
  for (const auto& tensor : file.tensors) {
    places.push_back(place_of(tensor));
    const auto [at, fresh] = taken.emplace(places.back().name, tensor.name);
    if (!fresh)
      fail("{}: '{}' and '{}' would both be '{}' to a plan; rename one (fanin convert --rename)", file.path,
           at->second, tensor.name, places.back().name);
  }
  // A scale with no other weight in its layer is a normalization's; `mean` and `var` alone may be anything.
  std::set<std::string> normalized;
  for (const FilePlace& place : places)
    if (place.part == FilePart::norm_weight || place.part == FilePart::bias)
      normalized.insert(layer_of(place.name));
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::string word = parts_of(file.tensors[i].name).back();
    if ((word == "mean" || word == "var") && !normalized.contains(layer_of(places[i].name)))
      places[i].part = FilePart::kept;
  }
  return places;
}

FreshFile fresh_file(const io::TensorFile& file, const init::Plan& plan, Generator& generator) {
  require_bearable(file);
  FreshFile fresh{.tensors = {}, .places = places_of(file), .drawn = {}, .tied_to = {}};
  std::map<std::tuple<const std::byte*, std::vector<Index>, std::vector<Index>>, std::size_t> first;
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    const auto& tensor = file.tensors[i];
    const auto [at, fresh_one] = first.try_emplace({tensor.data, tensor.sizes, tensor.strides}, i);
    const bool tied = !fresh_one && tensor.numel() > 0;
    fresh.tied_to.push_back(tied ? std::optional(at->second) : std::nullopt);
  }
  std::map<std::string, init::Fans> fans;
  for (std::size_t i = 0; i < fresh.places.size(); ++i) {
    const FilePlace& place = fresh.places[i];
    const auto& sizes = file.tensors[i].sizes;
    if (place.part == FilePart::embedding) fans[layer_of(place.name)] = {sizes[1], sizes[0]};
    if (place.part == FilePart::weight)
      fans.try_emplace(layer_of(place.name), init::fans_of(torch_shape(file.tensors[i], place.inputs_last)));
  }
  Skeleton model;
  std::vector<std::shared_ptr<nn::Parameter>>
      parameters;  // of each tensor that is drawn; null for the others
  for (std::size_t i = 0; i < fresh.places.size(); ++i) {
    const FilePlace& place = fresh.places[i];
    const bool parameter =
        !fresh.tied_to[i] && (place.part <= FilePart::bias || is_named(plan, place, file.tensors[i]));
    parameters.emplace_back();
    if (!parameter) continue;
    Skeleton* layer = &model;
    const auto parts = parts_of(place.name);
    for (std::size_t k = 0; k + 1 < parts.size(); ++k) layer = &layer->below(parts[k]);
    const Shape shape = torch_shape(file.tensors[i], place.inputs_last);
    const auto found = fans.find(layer_of(place.name));
    const init::Fans own = place.part == FilePart::weight ? init::fans_of(shape)
                           : found != fans.end()          ? found->second
                           : shape.rank() == 1            ? init::Fans{shape[0], shape[0]}
                                                          : init::Fans{};
    parameters.back() = layer->add(parts.back(), shape, scheme_of(place.part, found != fans.end()), own);
  }
  std::map<std::string, Drawn> drawn;
  for (auto& one : initialize(model, plan, generator)) drawn.emplace(one.name, one);
  for (std::size_t i = 0; i < fresh.places.size(); ++i) {
    const FilePlace& place = fresh.places[i];
    const io::StoredTensor& like = file.tensors[i];
    fresh.drawn.emplace_back();
    if (fresh.tied_to[i]) {
      fresh.tensors.push_back(fresh.tensors[*fresh.tied_to[i]]);
      fresh.tensors.back().name = like.name;
    } else if (parameters[i]) {
      fresh.drawn.back() = drawn.at(place.name);
      fresh.tensors.push_back(in_form_of(like, parameters[i]->value, place.inputs_last));
      parameters[i]->value = Tensor();
    } else if (place.part == FilePart::kept) {
      fresh.tensors.push_back(like);
    } else if (place.part == FilePart::running_var) {
      fresh.tensors.push_back(in_form_of(like, Tensor::ones({like.numel()}), false));
    } else {  // zero in every dtype
      fresh.tensors.push_back(with_bytes(like, std::vector<std::byte>(like.byte_size())));
    }
  }
  return fresh;
}

}  // namespace fanin::start
