#include <algorithm>
#include <array>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/nested_dict.hpp>

namespace fanin::io {
namespace {

/// What training scripts call the model's weights. The first ones mean nothing else; the others are names of
/// layers too.
struct Usual {
  std::string_view key;
  bool certain;
};
constexpr std::array<Usual, 12> usual = {{{"state_dict", true},
                                          {"model_state_dict", true},
                                          {"model_state", true},
                                          {"model", true},
                                          {"net_state_dict", true},
                                          {"network_state_dict", true},
                                          {"weights", false},
                                          {"params", false},
                                          {"net", false},
                                          {"network", false},
                                          {"module", false},
                                          {"ema", false}}};

/// Keys beside a model that are not a part of it: the optimizer's state, copies, states of generators.
bool accompanies(std::string_view key) {
  for (const std::string_view part : {"optim", "sched", "scaler", "ema", "average", "rng", "swa"}) {
    if (key.find(part) != std::string_view::npos) return true;
  }
  return std::any_of(usual.begin(), usual.end(), [&](const Usual& one) { return one.key == key; });
}

class Chooser {
 public:
  explicit Chooser(const TensorFile& file) : file_(file) {}

  /// The dict in the one at `path` that is the model; null when that is the model itself.
  const StoredDict* inside(const std::string& path, std::size_t first, std::size_t count) const {
    for (const auto& [key, certain] : usual) {
      const StoredDict* dict = find(join(path, key));
      if (dict == nullptr || dict->count == 0) continue;
      if (certain || alone(path, first, count, *dict)) return dict;
    }
    return nullptr;
  }

  const StoredDict* find(const std::string& path) const {
    const auto found =
        std::find_if(file_.dicts.begin(), file_.dicts.end(), [&](const auto& d) { return d.path == path; });
    return found == file_.dicts.end() ? nullptr : &*found;
  }

  static std::string join(const std::string& path, std::string_view key) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  }

 private:
  /// Whether all tensors of the dict at `path` lie in `dict` or accompany a model: else `dict` is one layer
  /// of several.
  bool alone(const std::string& path, std::size_t first, std::size_t count, const StoredDict& dict) const {
    const std::size_t skip = path.empty() ? 0 : path.size() + 1;
    std::size_t beside = 0;
    for (std::size_t i = first; i < first + count; ++i) {
      if (i >= dict.first && i < dict.first + dict.count) continue;
      const std::string_view name = std::string_view(file_.tensors[i].name).substr(skip);
      const std::size_t dot = name.find('.');
      if (accompanies(name.substr(0, dot))) continue;
      if (dot != std::string_view::npos || ++beside > dict.count) return false;
    }
    return true;
  }

  const TensorFile& file_;
};

}  // namespace

TensorFile choose_dict(TensorFile whole, const std::string& key) {
  if (!whole.key.empty()) return whole;  // is chosen
  const Chooser chooser(whole);
  const StoredDict* chosen = nullptr;
  if (!key.empty()) {
    chosen = chooser.find(key);
    if (chosen == nullptr) {
      std::vector<std::string> keys;
      for (const StoredDict& dict : whole.dicts) keys.push_back(printable(dict.path));
      if (keys.empty())
        fail_usage("{}: holds no dict '{}', nor any other: its tensors stand at the top", whole.path,
                   printable(key));
      fail_usage("{}: holds no dict '{}'{}", whole.path, printable(key), suggest(printable(key), keys));
    }
  } else {
    // {"model": {"state_dict": …}} is wrapped twice; deeper than that nobody goes.
    constexpr int most = 3;
    for (int depth = 0; depth < most; ++depth) {
      const StoredDict* deeper = chosen == nullptr
                                     ? chooser.inside("", 0, whole.tensors.size())
                                     : chooser.inside(chosen->path, chosen->first, chosen->count);
      if (deeper == nullptr) break;
      chosen = deeper;
    }
  }
  if (chosen == nullptr) return whole;
  whole.key = chosen->path;
  const auto first = whole.tensors.begin() + static_cast<std::ptrdiff_t>(chosen->first);
  whole.tensors.erase(first + static_cast<std::ptrdiff_t>(chosen->count), whole.tensors.end());
  whole.tensors.erase(whole.tensors.begin(), first);
  for (StoredTensor& tensor : whole.tensors) tensor.name.erase(0, whole.key.size() + 1);
  return whole;
}

}  // namespace fanin::io
