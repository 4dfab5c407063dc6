#include <unordered_map>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/torch_file.hpp>
#include <fanin/io/torch_tensors.hpp>
#include <fanin/io/zip.hpp>

namespace fanin::io {
namespace {

void check_storage(const std::string& path, const PickleValue& storage, std::size_t bytes) {
  if (static_cast<std::uint64_t>(storage.integer) != bytes / size_of(storage.dtype) ||
      bytes % size_of(storage.dtype) != 0) {
    fail("{}: storage '{}' of {} {} elements has {} bytes in the file; it is corrupt", path,
         printable(storage.text, 200), storage.integer, name_of(storage.dtype), bytes);
  }
}

}  // namespace

TensorFile parse_torch_zip(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner,
                           const std::string& key) {
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

  // torch.jit.save and C++'s torch::save: the same archive with a program beside it, of which nothing is run.
  const bool script = archive.find(prefix + "constants.pkl") != nullptr;
  TensorFile file{.format = script ? FileFormat::torch_script : FileFormat::torch_zip,
                  .path = path,
                  .tensors = {},
                  .metadata = {}};
  const auto contents = archive.read(*pickled);
  const Pickle pickle(contents.bytes, path);
  if (pickle.size() != contents.bytes.size())
    fail("{}: bytes follow the pickle in '{}'", path, pickled->name);

  std::unordered_map<std::string_view, TorchStorage> read;
  const auto storages = [&](const PickleValue& storage) {
    auto [place, fresh] = read.try_emplace(storage.text);
    if (fresh) {
      const std::string name = fmt::format("{}data/{}", prefix, storage.text.substr(0, max_name_bytes));
      const ZipEntry* entry = archive.find(name);
      if (entry == nullptr)
        fail("{}: the entry '{}' that a tensor needs is missing", path, printable(name, 200));
      const auto inside = archive.read(*entry);
      place->second = {inside.bytes, inside.owner ? inside.owner : owner};
    }
    check_storage(path, storage, place->second.bytes.size());
    return place->second;
  };
  collect_torch_tensors(file, pickle.result(),
                        {bytes.size(), big_endian, contents.owner ? contents.owner : owner}, storages, key);
  return file;
}

}  // namespace fanin::io
