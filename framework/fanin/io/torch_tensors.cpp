#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fanin/core/fail.hpp>
#include <fanin/io/nested_dict.hpp>
#include <fanin/io/numpy_dtype.hpp>
#include <fanin/io/torch_tensors.hpp>
#include <fanin/io/torch_view.hpp>

namespace fanin::io {
namespace {

using Kind = PickleValue::Kind;

constexpr int max_depth = 64;
constexpr std::size_t max_visits = 1'000'000;

/// Lists a dict while its items are walked, and takes it back when they had no tensor.
class NamedDict {
 public:
  /// What lies deeper is an optimizer's state, one dict a parameter.
  static constexpr int deepest = 2;
  static constexpr std::size_t most = 1024;

  NamedDict(TensorFile& file, const std::string& path, int depth) : file_(file), place_(file.dicts.size()) {
    listed_ = depth > 0 && depth <= deepest && place_ < most;
    if (listed_) file.dicts.push_back({path, file.tensors.size(), 0});
  }
  ~NamedDict() {
    if (!listed_) return;
    StoredDict& dict = file_.dicts[place_];
    dict.count = file_.tensors.size() - dict.first;
    if (dict.count == 0) file_.dicts.resize(place_);
  }
  NamedDict(const NamedDict&) = delete;
  NamedDict& operator=(const NamedDict&) = delete;

 private:
  TensorFile& file_;
  std::size_t place_;
  bool listed_ = false;
};

/// Walks the pickled structure and collects its tensors.
class Collector {
 public:
  Collector(TensorFile& file, const PickledFile& from, TorchStorages storages)
      : file_(file), from_(from), storages_(std::move(storages)) {}

  /// Storages are looked at only for the tensors that were chosen: an optimizer's are twice the model's.
  void resolve(const StoredDict& chosen) {
    for (std::size_t i = 0; i < file_.tensors.size(); ++i) {
      const auto& [storage, offset] = pending_[chosen.first + i];
      if (storage == nullptr) continue;
      const TorchStorage found = storages_(*storage);
      file_.tensors[i].data = found.bytes.data() + offset;
      file_.tensors[i].owner = found.owner;
    }
  }

  void collect(const PickleValue& top) {
    if (top.kind == Kind::dict || (top.kind == Kind::object && top.pairs)) collect_metadata(top);
    if (top.kind == Kind::tensor) {
      add("tensor", top);
    } else if (top.kind == Kind::array) {
      add_array("array", top);
    } else {
      walk("", top, 0);
    }
    const bool no_items = top.kind == Kind::dict && top.items.empty();
    if (file_.tensors.empty() && !no_items) {  // a model without weights has a state_dict of none
      if (file_.left_out_count == 0) fail("{}: holds no tensor, but {}", file_.path, describe(top));
      const LeftOut& first = file_.left_out.front();
      fail("{}: holds no tensor, but {}{}; nothing was executed. In PyTorch, {} instead", file_.path,
           first.name.empty() ? "" : first.name + ": ", first.what,
           file_.format == FileFormat::pickle ? "torch.save(model.state_dict(), path)"
                                              : "save model.state_dict()");
    }
    check_unique_names(file_);
  }

 private:
  void collect_metadata(const PickleValue& dict) {
    constexpr std::size_t longest = 4096, most = 1024;
    for (std::size_t i = 0; i + 1 < dict.items.size() && file_.metadata.size() < most; i += 2) {
      const PickleValue &key = *dict.items[i], &value = *dict.items[i + 1];
      if (key.kind != Kind::text || key.text.size() > max_name_bytes) continue;
      std::string& text = file_.metadata[std::string(key.text)];
      if (value.kind == Kind::boolean) {
        text = value.integer != 0 ? "true" : "false";
      } else if (value.kind == Kind::integer && value.text.empty()) {
        text = fmt::format("{}", value.integer);
      } else if (value.kind == Kind::number) {
        text = fmt::format("{}", value.number);
      } else if (value.kind == Kind::text && value.text.size() <= longest) {
        text = value.text;
      } else {
        file_.metadata.erase(std::string(key.text));
      }
    }
  }

  void walk(const std::string& prefix, const PickleValue& value, int depth) {
    visit(1);
    if (depth > max_depth)
      fail("{}: the pickled structure is nested more than {} levels deep", file_.path, max_depth);
    switch (value.kind) {
      case Kind::tensor:
        return add(prefix, value);
      case Kind::array:
        return add_array(prefix, value);
      case Kind::dict:
        return walk_dict(prefix, value, depth);
      case Kind::list:
      case Kind::tuple:
        for (std::size_t i = 0; i < value.items.size(); ++i)
          walk(below(prefix, std::to_string(i)), *value.items[i], depth + 1);
        return;
      case Kind::object:
        return walk_object(prefix, value, depth);
      case Kind::global:
      case Kind::storage:
      case Kind::dtype:
        return list_.leave_out(prefix, describe(value));
      default:
        return;  // plain numbers and texts
    }
  }

  /// What is looked through counts as often as it is: a small file may show one large part many times.
  void visit(std::size_t parts) {
    visits_ += parts;
    if (visits_ > max_visits)
      fail("{}: the pickled structure has more than {} parts", file_.path, max_visits);
  }

  std::string below(const std::string& prefix, std::string_view key) const {
    if (prefix.size() + key.size() > max_name_bytes) {
      fail("{}: a tensor name of more than {} bytes", file_.path, max_name_bytes);
    }
    return prefix.empty() ? std::string(key) : fmt::format("{}.{}", prefix, key);
  }

  void walk_items(const std::string& prefix, const PickleValue& dict, int depth,
                  const std::unordered_set<std::string_view>& without = {}) {
    for (std::size_t i = 0; i < dict.items.size(); i += 2) {
      const PickleValue &key = *dict.items[i], &item = *dict.items[i + 1];
      if (key.kind == Kind::text && without.contains(key.text)) continue;
      if (key.kind == Kind::text) {
        walk(below(prefix, key.text), item, depth + 1);
      } else if (key.kind == Kind::integer && key.text.empty()) {
        walk(below(prefix, std::to_string(key.integer)), item, depth + 1);
      } else {
        // No name for a tensor: what stands there is told by its key's kind.
        visit(1);
        list_.leave_out(prefix, fmt::format("{} under {}", describe(item), describe(key)));
      }
    }
  }

  void walk_dict(const std::string& prefix, const PickleValue& dict, int depth) {
    const NamedDict named(file_, prefix, depth);
    walk_items(prefix, dict, depth);
  }

  /// The texts of a set, which a pickle makes from a list or fills by items.
  std::unordered_set<std::string_view> texts_in(const PickleValue* set) {
    std::unordered_set<std::string_view> texts;
    if (set == nullptr || set->kind != Kind::object || set->name != "set") return texts;
    const PickleValue* made_from =
        set->arguments != nullptr && !set->arguments->items.empty() ? set->arguments->items[0] : set;
    visit(made_from->items.size());
    for (const PickleValue* item : made_from->items) {
      if (item->kind == Kind::text) texts.insert(item->text);
    }
    return texts;
  }

  /// A module's parts are layers, whatever they are called: none of them is a dict that could be the model of
  /// its own.
  static int within_module(int depth) { return std::max(depth, NamedDict::deepest); }

  void walk_object(const std::string& prefix, const PickleValue& object, int depth) {
    const PickleValue* state =
        object.state != nullptr && object.state->kind == Kind::dict ? object.state : nullptr;
    if (state != nullptr) visit(state->items.size());
    if (state != nullptr && object.text.starts_with("__torch__")) {
      const NamedDict named(file_, prefix, depth);
      return walk_items(prefix, *state, within_module(depth));
    }
    const PickleValue* parameters = state != nullptr ? member(*state, "_parameters") : nullptr;
    const PickleValue* modules = state != nullptr ? member(*state, "_modules") : nullptr;
    if (parameters != nullptr && modules != nullptr) {
      const NamedDict named(file_, prefix, depth);
      const PickleValue* buffers = member(*state, "_buffers");
      const auto temporary =
          texts_in(member(*state, "_non_persistent_buffers_set"));  // which a state dict does not hold
      for (const PickleValue* part : {parameters, buffers, modules}) {
        if (part == nullptr || part->kind != Kind::dict) continue;
        if (part == buffers)
          walk_items(prefix, *part, within_module(depth), temporary);
        else
          walk_items(prefix, *part, within_module(depth));
      }
      return;
    }
    if (object.pairs && !object.items.empty()) return walk_dict(prefix, object, depth);
    list_.leave_out(prefix, describe(object));
  }

  /// NumPy's array, whose bytes lie in the pickle itself.
  void add_array(const std::string& name, const PickleValue& value) {
    check_tensor_name(file_.path, name);
    StoredTensor tensor;
    tensor.name = name.empty() ? "array" : name;
    tensor.dtype = value.dtype;
    tensor.big_endian = value.big_endian;
    for (const PickleValue* size : value.items[0]->items) tensor.sizes.push_back(size->integer);
    const std::size_t bytes = checked_byte_size(file_.path, tensor.name, tensor.dtype, tensor.sizes);
    if (value.encoded) {
      auto& decoded = decoded_[&value];
      if (!decoded) {
        // As many bytes as characters, of which each takes one or two in the file; many arrays may share one
        // text.
        if (bytes > value.text.size()) {
          fail("{}: array '{}' of shape {} needs {} bytes, the file has {}", file_.path, tensor.name,
               tensor.shape_text(), bytes, value.text.size());
        }
        if (bytes > from_.bytes - decoded_bytes_) {
          fail("{}: array '{}' takes {} bytes, more than is allowed for a file of this size", file_.path,
               tensor.name, bytes);
        }
        decoded_bytes_ += bytes;
        decoded = std::make_shared<std::vector<std::byte>>(bytes);
        if (!decode_bytes(value, *decoded))
          fail("{}: array '{}' of shape {} has other bytes than its shape needs", file_.path, tensor.name,
               tensor.shape_text());
      }
      tensor.data = decoded->data();
      tensor.owner = decoded;
    } else {
      if (value.text.size() != bytes) {
        fail("{}: array '{}' of shape {} and dtype {} needs {} bytes, the file has {}", file_.path,
             tensor.name, tensor.shape_text(), name_of(tensor.dtype), bytes, value.text.size());
      }
      tensor.data = reinterpret_cast<const std::byte*>(value.text.data());
      tensor.owner = from_.owner;
    }
    if (value.fortran) tensor.strides = fortran_strides(tensor.sizes);
    pending_.push_back({nullptr, 0});
    list_.add(std::move(tensor));
  }

  void add(const std::string& name, const PickleValue& value) {
    StoredTensor tensor = torch_view(name, value, from_, file_.path);
    pending_.push_back({value.items[0], static_cast<std::size_t>(value.integer) * size_of(tensor.dtype)});
    list_.add(std::move(tensor));
  }

  TensorFile& file_;
  const PickledFile& from_;
  TorchStorages storages_;
  TensorList list_{file_};
  struct Pending {
    const PickleValue* storage;  // null for an array, which needs none
    std::size_t offset;
  };
  std::vector<Pending> pending_;  // of each tensor in the file
  std::unordered_map<const PickleValue*, std::shared_ptr<std::vector<std::byte>>> decoded_;
  std::size_t decoded_bytes_ = 0;
  std::size_t visits_ = 0;
};

}  // namespace

const PickleValue* member(const PickleValue& dict, std::string_view key) {
  for (std::size_t i = 0; i < dict.items.size(); i += 2) {
    if (dict.items[i]->kind == Kind::text && dict.items[i]->text == key) return dict.items[i + 1];
  }
  return nullptr;
}

void collect_torch_tensors(TensorFile& file, const PickleValue& top, const PickledFile& from,
                           TorchStorages storages, const std::string& key) {
  Collector collector(file, from, std::move(storages));
  collector.collect(top);
  file = choose_dict(std::move(file), key);
  const auto chosen =
      std::find_if(file.dicts.begin(), file.dicts.end(), [&](const auto& d) { return d.path == file.key; });
  collector.resolve(file.key.empty() ? StoredDict{} : *chosen);
}

}  // namespace fanin::io
