#include "framework/io/torch_file.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <unordered_map>

#include "framework/core/error.hpp"
#include "framework/io/pickle.hpp"
#include "framework/io/zip.hpp"

namespace fanin {
namespace {

using Kind = PickleValue::Kind;

constexpr int max_depth = 64;
constexpr std::size_t max_visits = 1'000'000;
constexpr std::size_t max_all_names = std::size_t{16} << 20;

struct Storage {
  Bytes bytes;
  std::shared_ptr<const void> owner;
};

/// Where the bytes of a storage are.
using Storages = std::function<Storage(const PickleValue& storage)>;

const PickleValue* member(const PickleValue& dict, std::string_view key) {
  for (std::size_t i = 0; i < dict.items.size(); i += 2) {
    if (dict.items[i]->kind == Kind::text && dict.items[i]->text == key) return dict.items[i + 1];
  }
  return nullptr;
}

bool has_tensor(const PickleValue& dict) {
  for (std::size_t i = 1; i < dict.items.size(); i += 2) {
    if (dict.items[i]->kind == Kind::tensor) return true;
  }
  return false;
}

/// Walks the pickled structure and collects its tensors.
class Collector {
 public:
  Collector(TensorFile& file, std::size_t file_bytes, bool big_endian, Storages storages)
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
    const Storage found = storages_(storage);
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
  Storages storages_;
  std::size_t visits_ = 0, all_names_ = 0;
};

void check_storage(const std::string& path, const PickleValue& storage, std::size_t bytes) {
  if (static_cast<std::uint64_t>(storage.integer) != bytes / size_of(storage.dtype) ||
      bytes % size_of(storage.dtype) != 0) {
    fail("{}: storage '{}' of {} {} elements has {} bytes in the file; it is corrupt", path, storage.text,
         storage.integer, name_of(storage.dtype), bytes);
  }
}

}  // namespace

TensorFile parse_torch_zip(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner) {
  ZipArchive archive(bytes, path);
  const ZipEntry* pickled = nullptr;
  for (const ZipEntry& entry : archive.entries()) {
    constexpr std::string_view suffix = "/data.pkl";
    if (!entry.name.ends_with(suffix) || entry.name.find('/') != entry.name.size() - suffix.size()) continue;
    if (pickled != nullptr)
      fail("{}: both '{}' and '{}' could be the pickle", path, pickled->name, entry.name);
    pickled = &entry;
  }
  if (pickled == nullptr)
    fail("{}: a zip archive without '*/data.pkl'; not a file that torch.save wrote", path);
  const std::string prefix(pickled->name.substr(0, pickled->name.find('/') + 1));

  bool big_endian = false;
  if (const ZipEntry* order = archive.find(prefix + "byteorder")) {
    const auto contents = archive.read(*order);
    const std::string_view text(reinterpret_cast<const char*>(contents.bytes.data()), contents.bytes.size());
    if (text != "little" && text != "big") fail("{}: byteorder is neither 'little' nor 'big'", path);
    big_endian = text == "big";
  }

  TensorFile file{.format = FileFormat::torch_zip, .path = path, .tensors = {}, .metadata = {}};
  const auto contents = archive.read(*pickled);
  const Pickle pickle(contents.bytes, path);
  if (pickle.size() != contents.bytes.size())
    fail("{}: bytes follow the pickle in '{}'", path, pickled->name);

  std::unordered_map<std::string_view, Storage> read;
  const auto storages = [&](const PickleValue& storage) {
    auto [place, fresh] = read.try_emplace(storage.text);
    if (fresh) {
      const std::string name = fmt::format("{}data/{}", prefix, storage.text.substr(0, max_name_bytes));
      const ZipEntry* entry = archive.find(name);
      if (entry == nullptr) fail("{}: the entry '{}' that a tensor needs is missing", path, name);
      const auto inside = archive.read(*entry);
      place->second = {inside.bytes, inside.owner ? inside.owner : owner};
    }
    check_storage(path, storage, place->second.bytes.size());
    return place->second;
  };
  Collector(file, bytes.size(), big_endian, storages).collect(pickle.result());
  return file;
}

bool looks_like_pickle(Bytes bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x80} && bytes[1] >= std::byte{2} &&
         bytes[1] <= std::byte{5};
}

TensorFile parse_torch_legacy(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner) {
  // torch.serialization._legacy_save: magic, protocol version, system facts, the object, its storages' keys,
  // the storages.
  std::size_t at = 0;
  const auto next = [&] {
    Pickle pickle(bytes.subspan(at), path);
    at += pickle.size();
    return pickle;
  };
  constexpr std::string_view magic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
  if (const Pickle first = next(); first.result().kind != Kind::integer || first.result().text != magic) {
    fail("{}: a pickle, but not one that torch.save wrote", path);
  }
  if (const Pickle version = next();
      version.result().kind != Kind::integer || version.result().integer != 1001) {
    fail("{}: PyTorch's legacy protocol version is not 1001", path);
  }
  bool big_endian = false;
  {
    const Pickle system = next();
    if (system.result().kind != Kind::dict) fail("{}: PyTorch's legacy system facts are not a dict", path);
    const PickleValue* little = member(system.result(), "little_endian");
    big_endian = little != nullptr && little->kind == Kind::boolean && little->integer == 0;
  }
  const Pickle object = next();
  const Pickle keys = next();
  if (keys.result().kind != Kind::list) fail("{}: PyTorch's legacy storage keys are not a list", path);

  // How long a storage is follows from its class, which only the object knows: a first walk finds all
  // storages.
  std::unordered_map<std::string_view, const PickleValue*> declared;
  for (const PickleValue* storage : object.storages()) {
    const auto [place, fresh] = declared.emplace(storage->text, storage);
    if (!fresh && (place->second->dtype != storage->dtype || place->second->integer != storage->integer)) {
      fail("{}: storage '{}' is declared in two ways", path, storage->text);
    }
  }
  std::unordered_map<std::string_view, Bytes> found;
  for (const PickleValue* key : keys.result().items) {
    if (key->kind != Kind::text)
      fail("{}: a legacy storage key is {}, expected a str", path, name_of(key->kind));
    const auto storage = declared.find(key->text);
    if (storage == declared.end()) fail("{}: storage '{}' belongs to no tensor", path, key->text);
    const PickleValue& value = *storage->second;
    std::int64_t count = 0;
    if (bytes.size() - at < sizeof count)
      fail("{}: ends before storage '{}'; it is truncated", path, key->text);
    std::memcpy(&count, bytes.data() + at, sizeof count);
    if (big_endian) count = static_cast<std::int64_t>(__builtin_bswap64(static_cast<std::uint64_t>(count)));
    at += sizeof count;
    const std::size_t left = bytes.size() - at;
    if (count != value.integer || static_cast<std::uint64_t>(count) > left / size_of(value.dtype)) {
      fail(
          "{}: storage '{}' of {} {} elements has {} in the file, of which {} bytes are left; it is "
          "truncated or corrupt",
          path, key->text, value.integer, name_of(value.dtype), count, left);
    }
    const std::size_t size = static_cast<std::size_t>(count) * size_of(value.dtype);
    if (!found.emplace(key->text, bytes.subspan(at, size)).second) {
      fail("{}: storage '{}' is there twice", path, key->text);
    }
    at += size;
  }
  if (at != bytes.size()) fail("{}: {} bytes follow the last storage", path, bytes.size() - at);

  TensorFile file{.format = FileFormat::torch_legacy, .path = path, .tensors = {}, .metadata = {}};
  const auto storages = [&](const PickleValue& storage) -> Storage {
    const auto place = found.find(storage.text);
    if (place == found.end()) fail("{}: storage '{}' that a tensor needs is missing", path, storage.text);
    return {place->second, owner};
  };
  Collector(file, bytes.size(), big_endian, storages).collect(object.result());
  return file;
}

}  // namespace fanin
