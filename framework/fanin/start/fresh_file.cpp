#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <tuple>

#include <fanin/core/fail.hpp>
#include <fanin/init/constant.hpp>
#include <fanin/init/random.hpp>
#include <fanin/init/variance_scaling.hpp>
#include <fanin/start/fresh_file.hpp>

namespace fanin::start {
namespace {

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

const init::Initializer& scheme_of(FilePart part, bool beside_weight) {
  static const init::Initializer weight = init::kaiming_uniform({.a = std::sqrt(5.0)}),
                                 embedding = init::normal(), bias = init::fan_uniform(), ones = init::ones(),
                                 zeros = init::zeros(), slope = init::constant(0.25);
  switch (part) {
    case FilePart::weight:
      return weight;
    case FilePart::embedding:
      return embedding;
    case FilePart::norm_weight:
      return ones;
    case FilePart::slope:
      return slope;
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
io::StoredTensor in_form_of(const io::StoredTensor& like, const Tensor& values, FileLayout layout) {
  io::StoredTensor own = io::stored(like.name, values);
  own.sizes = like.sizes;
  own.strides = file_strides(like.sizes, layout);
  std::vector<std::byte> bytes;
  bytes.reserve(like.byte_size());
  own.read_pieces(like.dtype, [&](const std::byte* piece, std::size_t size) {
    bytes.insert(bytes.end(), piece, piece + size);
  });
  return with_bytes(like, std::move(bytes));
}

/// The weight in the layer of the magnitude at `i`.
const io::StoredTensor& direction_of(const FreshFile& fresh, std::size_t i) {
  for (std::size_t k = 0; k < fresh.places.size(); ++k)
    if (fresh.places[k].part == FilePart::weight &&
        layer_of(fresh.places[k].name) == layer_of(fresh.places[i].name))
      return fresh.tensors[k];
  fail("'{}' has no direction beside it", fresh.places[i].name);
}

/// The norms of `direction` over the dimensions in which `like` has size 1, as torch.norm_except_dim has them.
io::StoredTensor norms_of(const io::StoredTensor& direction, const io::StoredTensor& like) {
  const std::vector<float> v = direction.to_floats();
  Tensor norms = Tensor::zeros(drawn_shape(like.sizes, FileLayout::torch));
  std::vector<double> squares(static_cast<std::size_t>(norms.numel()));
  for (std::size_t at = 0; at < v.size(); ++at) {
    std::size_t rest = at, place = 0, stride = 1;
    for (std::size_t d = like.sizes.size(); d-- > 0;) {
      const auto size = static_cast<std::size_t>(direction.sizes[d]),
                 kept = static_cast<std::size_t>(like.sizes[d]);
      if (kept > 1) place += rest % size * stride;
      rest /= size;
      stride *= kept;
    }
    squares.at(place) += static_cast<double>(v[at]) * static_cast<double>(v[at]);
  }
  for (std::size_t i = 0; i < squares.size(); ++i) norms.data()[i] = static_cast<real>(std::sqrt(squares[i]));
  return in_form_of(like, norms, FileLayout::torch);
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
      fans.try_emplace(layer_of(place.name), init::fans_of(drawn_shape(sizes, place.layout)));
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
    const auto parts = name_parts(place.name);
    for (std::size_t k = 0; k + 1 < parts.size(); ++k) layer = &layer->below(parts[k]);
    const Shape shape = drawn_shape(file.tensors[i].sizes, place.layout);
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
      fresh.tensors.push_back(in_form_of(like, parameters[i]->value, place.layout));
      parameters[i]->value = Tensor();
    } else if (place.part == FilePart::kept) {
      fresh.tensors.push_back(like);
    } else if (place.part == FilePart::magnitude) {
      fresh.tensors.push_back(like);  // until all are drawn
    } else if (place.part == FilePart::running_var) {
      fresh.tensors.push_back(in_form_of(like, Tensor::ones({like.numel()}), FileLayout::torch));
    } else {  // zero in every dtype
      fresh.tensors.push_back(with_bytes(like, std::vector<std::byte>(like.byte_size())));
    }
  }
  for (std::size_t i = 0; i < fresh.places.size(); ++i)
    if (fresh.places[i].part == FilePart::magnitude && !parameters[i] && !fresh.tied_to[i])
      fresh.tensors[i] = norms_of(direction_of(fresh, i), fresh.tensors[i]);
  return fresh;
}

}  // namespace fanin::start
