#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include <fanin/core/fail.hpp>
#include <fanin/start/file_place.hpp>

namespace fanin::start {
namespace {

/// A last part of a name, and what a tensor of it is.
struct Word {
  std::string_view word;
  FilePart part;
  std::string_view torch;  // its name in PyTorch
  FileLayout layout = FileLayout::torch;
};

constexpr std::array words{
    Word{"weight", FilePart::weight, "weight"},
    Word{"kernel", FilePart::weight, "weight", FileLayout::inputs_last},
    Word{"weights", FilePart::weight, "weight", FileLayout::inputs_last},
    Word{"w", FilePart::weight, "weight", FileLayout::inputs_last},
    Word{"recurrent_kernel", FilePart::weight, "recurrent_weight", FileLayout::inputs_last},
    Word{"pointwise_kernel", FilePart::weight, "pointwise_weight", FileLayout::inputs_last},
    Word{"depthwise_kernel", FilePart::weight, "depthwise_weight", FileLayout::depthwise},
    Word{"embedding", FilePart::embedding, "weight"},
    Word{"embeddings", FilePart::embedding, "weight"},
    Word{"gamma", FilePart::norm_weight, "weight"},
    Word{"scale", FilePart::norm_weight, "weight"},
    Word{"beta", FilePart::bias, "bias"},
    Word{"offset", FilePart::bias, "bias"},
    Word{"bias", FilePart::bias, "bias"},
    Word{"biases", FilePart::bias, "bias"},
    Word{"b", FilePart::bias, "bias"},
    Word{"running_mean", FilePart::running_mean, "running_mean"},
    Word{"moving_mean", FilePart::running_mean, "running_mean"},
    Word{"mean", FilePart::running_mean, "running_mean"},
    Word{"running_var", FilePart::running_var, "running_var"},
    Word{"moving_variance", FilePart::running_var, "running_var"},
    Word{"var", FilePart::running_var, "running_var"},
    Word{"num_batches_tracked", FilePart::batches, "num_batches_tracked"},
};

/// PyTorch's names of more than one word, which stay as they are. Others that begin so (weight_mask, weight_scale,
/// weight_u) are no parameters.
FilePart part_of_compound(const std::vector<std::string>& parts, std::size_t rank) {
  const std::string& word = parts.back();
  const auto begins = [&](auto... starts) { return (word.starts_with(starts) || ...); };
  const bool below_weight = parts.size() > 1 && parts[parts.size() - 2] == "weight";  // of parametrizations
  if (word.ends_with("_weight") || begins("weight_ih", "weight_hh", "weight_hr", "weight_orig") ||
      (word == "weight_v" && rank > 1) || (below_weight && (word == "original" || word == "original1")))
    return FilePart::weight;
  if (word == "weight_g" || (below_weight && word == "original0")) return FilePart::magnitude;
  if (word.ends_with("_bias") || begins("bias_ih", "bias_hh", "bias_orig")) return FilePart::bias;
  return FilePart::kept;
}

std::string joined(const std::vector<std::string>& parts, std::size_t count) {
  return fmt::format("{}", fmt::join(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(count), "."));
}

/// A tensor and what it is taken for.
struct Guess {
  const io::StoredTensor& tensor;
  std::vector<std::string> parts;  // of its name in the file
  FilePart part = FilePart::kept;
  std::string torch = {};  // the last of them to a plan
  FileLayout layout = FileLayout::torch;

  const std::vector<Index>& sizes() const { return tensor.sizes; }
  std::size_t rank() const { return tensor.sizes.size(); }
  const std::string& word() const { return parts.back(); }
  std::string layer() const { return joined(parts, parts.size() - 1); }
  /// The layer's own name, without those it stands in, in small letters.
  std::string layer_word() const {
    std::string name = parts.size() > 1 ? parts[parts.size() - 2] : "";
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return name;
  }
};

bool fits(FilePart part, std::size_t rank) {
  switch (part) {
    case FilePart::weight:
    case FilePart::embedding:
      return rank >= 2 && rank <= std::size_t{Shape::max_rank};
    case FilePart::magnitude:
    case FilePart::kept:
      return true;
    case FilePart::batches:
      return rank <= 1;
    case FilePart::bias:
      return rank == 1 || rank == 2;
    default:
      return rank == 1;
  }
}

Guess by_name(const io::StoredTensor& tensor) {
  Guess guess{.tensor = tensor, .parts = name_parts(tensor.name)};
  const auto known =
      std::find_if(words.begin(), words.end(), [&](const Word& one) { return one.word == guess.word(); });
  if (known != words.end()) {
    guess.part = known->part;
    guess.torch = known->torch;
    guess.layout = known->layout;
    if (guess.word() == "weight" && guess.rank() == 1) guess.part = FilePart::norm_weight;
  } else {
    guess.part = part_of_compound(guess.parts, guess.rank());
    guess.torch = guess.word();
  }
  const bool readable = io::is_float(tensor.dtype) || guess.part == FilePart::batches;
  if (!readable || !fits(guess.part, guess.rank())) guess.part = FilePart::kept;
  return guess;
}

bool names_embedding(const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end() - 1, [](const std::string& part) {
    return part.find("embed") != std::string::npos || part == "wte" || part == "wpe" || part == "emb" ||
           part.ends_with("_emb") || part.starts_with("emb_");
  });
}

/// Flax keeps statistics in a collection of their own.
bool names_statistics(const std::vector<std::string>& parts) {
  return std::find(parts.begin(), parts.end(), "batch_stats") != parts.end();
}

bool names_norm(const std::string& layer) {
  return layer.find("norm") != std::string::npos || layer.find("bn") != std::string::npos ||
         layer.starts_with("ln");
}

/// The tensors of a file by their layers, and what each of them says of the others.
class Layers {
 public:
  explicit Layers(const std::vector<Guess>& guesses) {
    for (const Guess& guess : guesses) layers_[guess.layer()].push_back(&guess);
  }

  void settle(Guess& guess) const {
    switch (guess.part) {
      case FilePart::weight:
        return settle_weight(guess);
      case FilePart::norm_weight:
        return settle_scale(guess);
      case FilePart::bias:
        return settle_bias(guess);
      case FilePart::running_mean:
      case FilePart::running_var:  // `mean` and `var` alone may be anything
        if ((guess.word() == "mean" || guess.word() == "var") && !names_statistics(guess.parts) &&
            !find(guess.layer(), FilePart::norm_weight) && !find(guess.layer(), FilePart::bias))
          guess.part = FilePart::kept;
        return;
      case FilePart::magnitude:
        if (!direction_of(guess)) guess.part = FilePart::kept;
        return;
      default:
        return;
    }
  }

 private:
  const Guess* find(const std::string& layer, FilePart part) const {
    const auto found = layers_.find(layer);
    if (found == layers_.end()) return nullptr;
    for (const Guess* one : found->second)
      if (one->part == part) return one;
    return nullptr;
  }
  const Guess* direction_of(const Guess& magnitude) const {
    const Guess* weight = find(magnitude.layer(), FilePart::weight);
    if (!weight || weight->rank() != magnitude.rank()) return nullptr;
    for (std::size_t d = 0; d < weight->rank(); ++d)
      if (magnitude.sizes()[d] != 1 && magnitude.sizes()[d] != weight->sizes()[d]) return nullptr;
    return weight;
  }

  void settle_weight(Guess& guess) const {
    const Guess* bias = find(guess.layer(), FilePart::bias);
    const auto& sizes = guess.sizes();
    if (guess.rank() == 2 && guess.layout == FileLayout::torch && !bias && names_embedding(guess.parts))
      guess.part = FilePart::embedding;
    if (guess.rank() == 3 && guess.layout == FileLayout::inputs_last)
      guess.layout = attention_layout(guess, bias);
    // The bias tells outputs from inputs: GPT-2's weights are [inputs, outputs], under PyTorch's names.
    const bool plain = guess.rank() == 2 && guess.torch == "weight" && guess.part == FilePart::weight;
    if (plain && bias && bias->torch == "bias" && bias->rank() == 1 && sizes[0] != sizes[1]) {
      if (bias->sizes()[0] == sizes[1]) guess.layout = FileLayout::inputs_last;
      if (bias->sizes()[0] == sizes[0]) guess.layout = FileLayout::torch;
    }
  }

  /// Of a kernel of three dimensions: a convolution's, or one of attention's projections.
  FileLayout attention_layout(const Guess& guess, const Guess* bias) const {
    if (bias && bias->rank() == 2) return FileLayout::heads_last;
    const std::string name = guess.layer_word();
    if (!bias && (name == "query" || name == "key" || name == "value")) return FileLayout::heads_last;
    if (guess.parts.size() < 2) return guess.layout;
    std::string around = joined(guess.parts, guess.parts.size() - 2);
    if (!around.empty()) around += '.';
    const Guess* query = find(around + "query", FilePart::weight);
    const bool gathers = query && query->rank() == 3 && query->sizes()[1] == guess.sizes()[0] &&
                         query->sizes()[2] == guess.sizes()[1];
    return gathers ? FileLayout::heads_first : guess.layout;
  }

  /// One weight a channel is a normalization's, or PReLU's slope; a scale, if nothing speaks of a normalization, a
  /// branch's (LayerScale), which is born otherwise by every model.
  void settle_scale(Guess& guess) const {
    const std::string layer = guess.layer_word();
    const bool with_bias = find(guess.layer(), FilePart::bias) != nullptr;
    const bool normalized = with_bias || names_norm(layer) || find(guess.layer(), FilePart::running_mean);
    if (guess.word() != "weight") {
      if (!normalized) guess.part = FilePart::kept;
      return;
    }
    const bool activation = layer.find("relu") != std::string::npos || layer.starts_with("act");
    if (!with_bias && (activation || (guess.sizes()[0] == 1 && !normalized))) guess.part = FilePart::slope;
  }

  void settle_bias(Guess& guess) const {
    const Guess* weight = find(guess.layer(), FilePart::weight);
    if (guess.word() == "b" && !weight) guess.part = FilePart::kept;
    if (guess.rank() != 2) return;
    // Of attention's heads, or a recurrent layer's two.
    const auto& sizes = guess.sizes();
    const bool of_heads = weight && weight->rank() == 3 && weight->sizes()[1] == sizes[0];
    const bool of_gates = find_word(guess.layer(), "recurrent_kernel") && sizes[0] == 2;
    if (weight && weight->sizes().back() == sizes[1] && (of_heads || of_gates))
      guess.layout = FileLayout::flat;
    else
      guess.part = FilePart::kept;
  }
  bool find_word(const std::string& layer, std::string_view word) const {
    const auto& tensors = layers_.at(layer);
    return std::any_of(tensors.begin(), tensors.end(), [&](const Guess* one) { return one->word() == word; });
  }

  std::map<std::string, std::vector<const Guess*>> layers_;
};

}  // namespace

std::vector<std::string> name_parts(std::string_view name) {
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

std::vector<FilePlace> places_of(const io::TensorFile& file) {
  std::vector<Guess> first;
  for (const auto& tensor : file.tensors) first.push_back(by_name(tensor));
  const Layers layers(first);
  std::vector<Guess> guesses = first;  // each settled by what the others were first taken for
  for (Guess& guess : guesses) layers.settle(guess);
  std::vector<FilePlace> places;
  std::map<std::string, std::string> taken;
  for (const Guess& guess : guesses) {
    std::vector<std::string> parts = guess.parts;
    if (guess.part != FilePart::kept)
      parts.back() = guess.torch;
    else if (io::is_float(guess.tensor.dtype))
      parts.emplace_back("weight");
    const bool kept = guess.part == FilePart::kept;
    places.push_back({joined(parts, parts.size()), guess.part, kept ? FileLayout::torch : guess.layout});
    const auto [at, fresh] = taken.emplace(places.back().name, guess.tensor.name);
    if (!fresh)
      fail("{}: '{}' and '{}' would both be '{}' to a plan; rename one (fanin convert --rename)", file.path,
           at->second, guess.tensor.name, places.back().name);
  }
  return places;
}

}  // namespace fanin::start
