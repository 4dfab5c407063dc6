#include <cstring>
#include <unordered_map>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/torch_file.hpp>
#include <fanin/io/torch_tensors.hpp>

namespace fanin::io {
namespace {

using Kind = PickleValue::Kind;

/// A storage's key as a message may show it, however long the file has made it.
std::string in_quotes(const PickleValue& key) { return printable(key.text, 200); }

/// numpy.save pickles a dict as the only element of an array of objects.
const PickleValue& unwrapped(const PickleValue& value) {
  const PickleValue* state =
      value.kind == Kind::object && value.name == "_reconstruct" ? value.state : nullptr;
  if (state == nullptr || state->kind != Kind::tuple || state->items.size() != 5) return value;
  const PickleValue& elements = *state->items[4];
  return elements.kind == Kind::list && elements.items.size() == 1 ? *elements.items[0] : value;
}

TensorFile collect_pickle(const Pickle& pickle, Bytes bytes, const std::string& path,
                          std::shared_ptr<const void> owner, const std::string& key) {
  TensorFile file{.format = FileFormat::pickle, .path = path, .tensors = {}, .metadata = {}};
  const auto none = [&](const PickleValue& storage) -> TorchStorage {
    fail("{}: storage '{}' that a tensor needs is missing", path, in_quotes(storage));
  };
  if (pickle.size() != bytes.size())
    fail("{}: a pickle, but not one that torch.save wrote: {} bytes follow it", path,
         bytes.size() - pickle.size());
  collect_torch_tensors(file, unwrapped(pickle.result()), {bytes.size(), false, std::move(owner)}, none, key);
  return file;
}

}  // namespace

bool looks_like_pickle(Bytes bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x80} && bytes[1] >= std::byte{2} &&
         bytes[1] <= std::byte{5};
}

TensorFile parse_pickle(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                        const std::string& key) {
  return collect_pickle(Pickle(bytes, path), bytes, path, std::move(owner), key);
}

TensorFile parse_torch_legacy(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                              const std::string& key) {
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
    return collect_pickle(first, bytes, path, std::move(owner), key);
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
      fail("{}: storage '{}' is declared in two ways", path, in_quotes(*storage));
    }
  }
  std::unordered_map<std::string_view, Bytes> found;
  for (const PickleValue* id : keys.result().items) {
    if (id->kind != Kind::text)
      fail("{}: a legacy storage key is {}, expected a str", path, name_of(id->kind));
    const auto storage = declared.find(id->text);
    if (storage == declared.end()) fail("{}: storage '{}' belongs to no tensor", path, in_quotes(*id));
    const PickleValue& value = *storage->second;
    std::int64_t count = 0;
    if (bytes.size() - at < sizeof count)
      fail("{}: ends before storage '{}'; it is truncated", path, in_quotes(*id));
    std::memcpy(&count, bytes.data() + at, sizeof count);
    if (big_endian) count = static_cast<std::int64_t>(__builtin_bswap64(static_cast<std::uint64_t>(count)));
    at += sizeof count;
    const std::size_t left = bytes.size() - at;
    const std::int64_t units = value.name == "ComplexDoubleStorage" ? 2 : 1;
    if (count != value.integer / units ||
        static_cast<std::uint64_t>(value.integer) > left / size_of(value.dtype)) {
      fail(
          "{}: storage '{}' of {} {} elements has {} in the file, of which {} bytes are left; it is "
          "truncated or corrupt",
          path, in_quotes(*id), value.integer, name_of(value.dtype), count, left);
    }
    const std::size_t size = static_cast<std::size_t>(value.integer) * size_of(value.dtype);
    if (!found.emplace(id->text, bytes.subspan(at, size)).second) {
      fail("{}: storage '{}' is there twice", path, in_quotes(*id));
    }
    at += size;
  }
  if (at != bytes.size()) fail("{}: {} bytes follow the last storage", path, bytes.size() - at);

  TensorFile file{.format = FileFormat::torch_legacy, .path = path, .tensors = {}, .metadata = {}};
  const auto storages = [&](const PickleValue& storage) -> TorchStorage {
    const auto place = found.find(storage.text);
    if (place == found.end())
      fail("{}: storage '{}' that a tensor needs is missing", path, in_quotes(storage));
    return {place->second, owner};
  };
  collect_torch_tensors(file, object.result(), {bytes.size(), big_endian, owner}, storages, key);
  return file;
}

}  // namespace fanin::io
