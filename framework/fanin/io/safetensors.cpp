#include <algorithm>
#include <cstring>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include <fanin/core/fail.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/json_scanner.hpp>
#include <fanin/io/safetensors.hpp>

namespace fanin::io {
namespace {

constexpr std::uint64_t max_header_bytes = 100'000'000;  // the reference implementation's limit
constexpr std::size_t max_metadata = 65'536;
constexpr std::size_t max_metadata_bytes = std::size_t{16} << 20;

std::uint64_t header_length(Bytes bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  return length;
}

struct Entry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<Index> sizes;
  Index begin = 0, end = 0;
};

Entry parse_entry(JsonScanner& json, std::string name, const std::string& path) {
  Entry entry;
  entry.name = std::move(name);
  bool has_dtype = false, has_shape = false, has_offsets = false;
  const auto once = [&](bool& seen, const char* key) {
    if (seen) fail("{}: tensor '{}' has the key '{}' twice", path, entry.name, key);
    seen = true;
  };
  for (bool more = json.open('{'); more; more = json.next('}')) {
    const std::string key = json.key();
    if (key == "dtype") {
      once(has_dtype, "dtype");
      const std::string dtype = json.string();
      const auto known = dtype_named(dtype);
      if (!known) {
        fail(
            "{}: tensor '{}' has the dtype '{}', which is not supported (floats F64 to BF16, integers, BOOL "
            "are)",
            path, entry.name, dtype);
      }
      entry.dtype = *known;
    } else if (key == "shape") {
      once(has_shape, "shape");
      for (bool size = json.open('['); size; size = json.next(']')) {
        if (entry.sizes.size() == max_file_rank) {
          fail("{}: tensor '{}' has more than {} dimensions", path, entry.name, max_file_rank);
        }
        entry.sizes.push_back(json.count());
      }
    } else if (key == "data_offsets") {
      once(has_offsets, "data_offsets");
      int given = 0;
      for (bool offset = json.open('['); offset; offset = json.next(']')) {
        if (given == 2) json.fail_here("two data_offsets");
        (given++ == 0 ? entry.begin : entry.end) = json.count();
      }
      if (given != 2) json.fail_here("two data_offsets before this");
    } else {
      fail("{}: tensor '{}' has the unknown key '{}', expected dtype, shape and data_offsets", path,
           entry.name, key);
    }
  }
  for (const auto& [seen, key] :
       {std::pair{has_dtype, "dtype"}, {has_shape, "shape"}, {has_offsets, "data_offsets"}}) {
    if (!seen) fail("{}: tensor '{}' has no {}", path, entry.name, key);
  }
  return entry;
}

void parse_metadata(JsonScanner& json, const std::string& path,
                    std::map<std::string, std::string>& metadata) {
  std::size_t total = 0;
  for (bool more = json.open('{'); more; more = json.next('}')) {
    const std::string key = json.key();
    const auto [place, fresh] = metadata.emplace(key, json.string(max_metadata_bytes));
    if (!fresh) fail("{}: the metadata key '{}' is there twice", path, key);
    total += key.size() + place->second.size();
    if (metadata.size() > max_metadata || total > max_metadata_bytes) {
      fail("{}: metadata of more than {} keys or {} bytes", path, max_metadata, max_metadata_bytes);
    }
  }
}

void check_entry(const Entry& entry, std::size_t buffer, const std::string& path) {
  if (entry.begin > entry.end) {
    fail("{}: tensor '{}' has reversed data_offsets [{}, {}]", path, entry.name, entry.begin, entry.end);
  }
  if (static_cast<std::size_t>(entry.end) > buffer) {
    fail("{}: tensor '{}' ends at byte {} of a buffer of {}; the file is truncated or corrupt", path,
         entry.name, entry.end, buffer);
  }
  const std::size_t bytes = checked_byte_size(path, entry.name, entry.dtype, entry.sizes);
  const auto given = static_cast<std::size_t>(entry.end - entry.begin);
  if (bytes != given) {
    fail("{}: tensor '{}' of shape [{}] and dtype {} needs {} bytes, its data_offsets give {}", path,
         entry.name, fmt::join(entry.sizes, ", "), name_of(entry.dtype), bytes, given);
  }
}

/// The tensors must tile the buffer: then no byte means two things, and none hides.
void check_tiling(const std::vector<Entry>& entries, std::size_t buffer, const std::string& path) {
  std::vector<const Entry*> order;
  for (const auto& entry : entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  Index covered = 0;
  for (const Entry* entry : order) {
    if (entry->begin < covered) {
      fail("{}: tensor '{}' at byte {} overlaps the tensor before it, which ends at {}", path, entry->name,
           entry->begin, covered);
    }
    if (entry->begin > covered) {
      fail("{}: bytes {} to {} before tensor '{}' belong to no tensor", path, covered, entry->begin,
           entry->name);
    }
    covered = entry->end;
  }
  if (static_cast<std::size_t>(covered) != buffer) {
    fail("{}: the tensors cover {} bytes of a buffer of {}", path, covered, buffer);
  }
}

}  // namespace

bool looks_like_safetensors(Bytes bytes) {
  return bytes.size() > 8 && header_length(bytes) <= max_header_bytes && bytes[8] == std::byte{'{'};
}

TensorFile parse_safetensors(Bytes bytes, const std::string& path, std::shared_ptr<const void> owner) {
  if (bytes.size() < 8) fail("{}: {} bytes are too few for a safetensors file", path, bytes.size());
  const std::uint64_t length = header_length(bytes);
  if (length == 0) fail("{}: the safetensors header has length 0", path);
  if (length > max_header_bytes) {
    fail("{}: the safetensors header has length {}, at most {} are allowed", path, length, max_header_bytes);
  }
  if (length > bytes.size() - 8) {
    fail(
        "{}: the safetensors header of {} bytes ends past the file, which has {}; it is truncated or corrupt",
        path, length, bytes.size());
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, length);
  if (text[0] != '{') fail("{}: the safetensors header does not start with '{{'", path);
  const Bytes buffer = bytes.subspan(8 + length);

  JsonScanner json(text, path + ": the safetensors header");
  TensorFile file{.format = FileFormat::safetensors, .path = path, .tensors = {}, .metadata = {}};
  std::vector<Entry> entries;
  std::unordered_set<std::string> names;
  std::size_t records = 0;
  for (bool more = json.open('{'); more; more = json.next('}')) {
    std::string name = json.key();
    check_tensor_name(path, name);
    if (!names.insert(name).second) fail("{}: the key '{}' is there twice", path, name);
    if (name == "__metadata__") {
      parse_metadata(json, path, file.metadata);
      continue;
    }
    if (entries.size() == max_tensors) fail("{}: more than {} tensors", path, max_tensors);
    entries.push_back(parse_entry(json, std::move(name), path));
    records += entries.back().name.size() + entries.back().sizes.size() * sizeof(Index);
    if (records > max_record_bytes)
      fail("{}: names and shapes of more than {} bytes", path, max_record_bytes);
    check_entry(entries.back(), buffer.size(), path);
  }
  json.end();
  check_tiling(entries, buffer.size(), path);

  TensorList list(file);
  for (Entry& entry : entries) {
    list.add({.name = std::move(entry.name),
              .dtype = entry.dtype,
              .sizes = std::move(entry.sizes),
              .strides = {},
              .data = buffer.data() + entry.begin,
              .big_endian = false,
              .owner = owner});
  }
  return file;
}

void write_safetensors(const std::string& path, std::span<const StoredTensor> tensors,
                       const std::map<std::string, std::string>& metadata, std::optional<DType> dtype) {
  if (dtype && *dtype != DType::f32 && *dtype != DType::f16 && *dtype != DType::bf16) {
    fail("{}: weights are written as F32, F16 or BF16, not {}", path, name_of(*dtype));
  }
  const auto written_as = [&](const StoredTensor& tensor) {
    return dtype && is_float(tensor.dtype) ? *dtype : tensor.dtype;
  };
  std::vector<const StoredTensor*> order;
  for (const auto& tensor : tensors) order.push_back(&tensor);
  std::stable_sort(order.begin(), order.end(), [&](const StoredTensor* a, const StoredTensor* b) {
    return size_of(written_as(*a)) > size_of(written_as(*b));
  });

  std::string header;
  try {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    if (!metadata.empty()) json["__metadata__"] = metadata;
    std::size_t offset = 0;
    std::unordered_set<std::string_view> names{"__metadata__"};
    for (const StoredTensor* tensor : order) {
      check_tensor_name(path, tensor->name);
      if (!names.insert(tensor->name).second)
        fail("{}: cannot write two entries named '{}'", path, tensor->name);
      const std::size_t end =
          offset + static_cast<std::size_t>(tensor->numel()) * size_of(written_as(*tensor));
      json.push_back({tensor->name,
                      {{"dtype", name_of(written_as(*tensor))},
                       {"shape", tensor->sizes},
                       {"data_offsets", {offset, end}}}});
      offset = end;
    }
    header = json.dump();
  } catch (const nlohmann::json::exception&) {
    fail("{}: a tensor name or metadata text is not valid UTF-8, which safetensors needs", path);
  }
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > max_header_bytes) fail("{}: a header of {} bytes is too long", path, header.size());

  write_atomically(path, [&](AtomicWriter& writer) {
    const std::uint64_t length = header.size();
    writer.write(&length, sizeof length);
    writer.write(header);
    for (const StoredTensor* tensor : order) {
      tensor->read_pieces(written_as(*tensor),
                          [&](const std::byte* piece, std::size_t size) { writer.write(piece, size); });
    }
  });
}

}  // namespace fanin::io
