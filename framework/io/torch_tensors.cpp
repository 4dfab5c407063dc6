#include "framework/io/torch_tensors.hpp"

#include <algorithm>

#include "framework/core/error.hpp"

namespace fanin {
namespace {

using Kind = PickleValue::Kind;

constexpr int max_depth = 64;
constexpr std::size_t max_visits = 1'000'000;
constexpr std::size_t max_all_names = std::size_t{16} << 20;

bool has_tensor(const PickleValue& dict) {
  for (std::size_t i = 1; i < dict.items.size(); i += 2) {
    if (dict.items[i]->kind == Kind::tensor) return true;
  }
  return false;
}

/// Walks the pickled structure and collects its tensors.
class Collector {
 public:
  Collector(TensorFile& file, std::size_t file_bytes, bool big_endian, TorchStorages storages)
      : file_(file), file_bytes_(file_bytes), big_endian_(big_endian), storages_(std::move(storages)) {}

  void collect(const PickleValue& top) {
    const PickleValue* root = &top;
    if (top.kind == Kind::dict) {
      collect_metadata(top);
      if (!has_tensor(top)) {
        for (const char* key : {"state_dict", "model_state_dict", "model"}) {
          const PickleValue* inner = member(top, key);
          if (inner == nullptr || inner->kind != Kind::dict) continue;
          root = inner;
          break;
        }
      }
    }
    if (root->kind == Kind::tensor) {
      add("tensor", *root);
    } else {
      walk("", *root, 0);
    }
    if (file_.tensors.empty()) fail("{}: holds no tensor, but {}", file_.path, name_of(top.kind));
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
    if (++visits_ > max_visits)
      fail("{}: the pickled structure has more than {} parts", file_.path, max_visits);
    if (depth > max_depth)
      fail("{}: the pickled structure is nested more than {} levels deep", file_.path, max_depth);
    if (value.kind == Kind::tensor) return add(prefix, value);
    const auto below = [&](std::string_view key) {
      if (prefix.size() + key.size() > max_name_bytes) {
        fail("{}: a tensor name of more than {} bytes", file_.path, max_name_bytes);
      }
      return prefix.empty() ? std::string(key) : fmt::format("{}.{}", prefix, key);
    };
    if (value.kind == Kind::dict) {
      for (std::size_t i = 0; i < value.items.size(); i += 2) {
        const PickleValue &key = *value.items[i], &item = *value.items[i + 1];
        if (key.kind == Kind::text) {
          walk(below(key.text), item, depth + 1);
        } else if (key.kind == Kind::integer && key.text.empty()) {
          walk(below(std::to_string(key.integer)), item, depth + 1);
        } else {
          fail("{}: a dict in '{}' has {} as a key; expected text or an integer", file_.path, prefix,
               name_of(key.kind));
        }
      }
    } else if (value.kind == Kind::list || value.kind == Kind::tuple) {
      for (std::size_t i = 0; i < value.items.size(); ++i)
        walk(below(std::to_string(i)), *value.items[i], depth + 1);
    }
  }

  void add(const std::string& name, const PickleValue& value) {
    check_tensor_name(file_.path, name);
    all_names_ += name.size();
    if (file_.tensors.size() == max_tensors || all_names_ > max_all_names) {
      fail("{}: more than {} tensors, or {} bytes of names", file_.path, max_tensors, max_all_names);
    }
    const PickleValue& storage = *value.items[0];
    StoredTensor tensor;
    tensor.name = name;
    tensor.dtype = storage.dtype;
    tensor.big_endian = big_endian_;
    const auto numbers = [](const PickleValue& tuple) {
      std::vector<Index> out;
      for (const PickleValue* item : tuple.items) out.push_back(item->integer);
      return out;
    };
    const auto &size_items = value.items[1]->items, &stride_items = value.items[2]->items;
    if (size_items.size() > max_file_rank || size_items.size() != stride_items.size()) {
      fail("{}: tensor '{}' has {} sizes and {} strides; expected as many of each, at most {}", file_.path,
           name, size_items.size(), stride_items.size(), max_file_rank);
    }
    tensor.sizes = numbers(*value.items[1]);
    tensor.strides = numbers(*value.items[2]);
    const std::size_t bytes = checked_byte_size(file_.path, name, tensor.dtype, tensor.sizes);
    const Index count = static_cast<Index>(bytes / size_of(tensor.dtype));
    check_bounds(tensor, value.integer, count, storage.integer);
    // Strides of 0 show one number many times; a file may not ask for more memory than it has bytes.
    if (bytes > file_bytes_) {
      fail("{}: tensor '{}' of shape {} spreads a small storage over {} bytes, more than the file has",
           file_.path, name, tensor.shape_text(), bytes);
    }
    const TorchStorage found = storages_(storage);
    tensor.data = found.bytes.data() + static_cast<std::size_t>(value.integer) * size_of(tensor.dtype);
    tensor.owner = found.owner;
    if (is_contiguous(tensor)) tensor.strides.clear();
    file_.tensors.push_back(std::move(tensor));
  }

  void check_bounds(const StoredTensor& tensor, Index offset, Index count, Index storage) const {
    Index last = offset;
    bool inside = offset >= 0 && offset <= storage;
    for (std::size_t d = 0; d < tensor.sizes.size(); ++d) {
      Index step = 0;
      inside = inside && tensor.strides[d] >= 0 &&
               !__builtin_mul_overflow(std::max<Index>(tensor.sizes[d] - 1, 0), tensor.strides[d], &step) &&
               !__builtin_add_overflow(last, step, &last);
    }
    if (!inside || (count > 0 && last >= storage)) {
      fail("{}: tensor '{}' of shape {}, strides [{}] and offset {} passes its storage of {} elements",
           file_.path, tensor.name, tensor.shape_text(), fmt::join(tensor.strides, ", "), offset, storage);
    }
  }

  static bool is_contiguous(const StoredTensor& tensor) {
    Index expected = 1;
    for (std::size_t d = tensor.sizes.size(); d-- > 0;) {
      if (tensor.sizes[d] == 0) return true;
      if (tensor.sizes[d] > 1 && tensor.strides[d] != expected) return false;
      expected *= tensor.sizes[d];
    }
    return true;
  }

  TensorFile& file_;
  std::size_t file_bytes_;
  bool big_endian_;
  TorchStorages storages_;
  std::size_t visits_ = 0, all_names_ = 0;
};

}  // namespace

const PickleValue* member(const PickleValue& dict, std::string_view key) {
  for (std::size_t i = 0; i < dict.items.size(); i += 2) {
    if (dict.items[i]->kind == Kind::text && dict.items[i]->text == key) return dict.items[i + 1];
  }
  return nullptr;
}

void collect_torch_tensors(TensorFile& file, const PickleValue& top, std::size_t file_bytes, bool big_endian, TorchStorages storages) {
  Collector(file, file_bytes, big_endian, std::move(storages)).collect(top);
}

}  // namespace fanin
