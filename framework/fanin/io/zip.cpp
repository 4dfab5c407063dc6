#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/io/stored_tensor.hpp>
#include <fanin/io/zip.hpp>
#include <fanin/io/zip_format.hpp>

namespace fanin::io {
namespace {

using namespace zip_format;

constexpr std::size_t max_entries = 2 * max_tensors;
constexpr unsigned encryption_flags = 0x2041;  // of a member, a strongly encrypted one, and of the directory

/// Little-endian fields of the archive; reading past its end is an Error.
class Fields {
 public:
  Fields(Bytes archive, const std::string& path) : archive_(archive), path_(path) {}

  Bytes slice(std::uint64_t at, std::uint64_t size, const char* what) const {
    if (at > archive_.size() || size > archive_.size() - at) {
      fail("{}: the zip archive's {} at byte {} passes its end at {}; it is truncated or corrupt", path_,
           what, at, archive_.size());
    }
    return archive_.subspan(at, size);
  }
  template <class T>
  static T number(Bytes fields, std::size_t at) {
    T value;
    std::memcpy(&value, fields.data() + at, sizeof value);
    return value;
  }

 private:
  Bytes archive_;
  const std::string& path_;
};

std::uint16_t get16(Bytes fields, std::size_t at) { return Fields::number<std::uint16_t>(fields, at); }
std::uint32_t get32(Bytes fields, std::size_t at) { return Fields::number<std::uint32_t>(fields, at); }
std::uint64_t get64(Bytes fields, std::size_t at) { return Fields::number<std::uint64_t>(fields, at); }

std::string_view text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

struct Directory {
  std::uint64_t entries = 0, bytes = 0, offset = 0, end = 0;
};

/// The end record is the last 22 bytes before a comment of unknown length: look for its magic from the back.
Directory find_directory(const Fields& fields, Bytes archive, const std::string& path) {
  if (archive.size() < end_bytes) fail("{}: {} bytes are too few for a zip archive", path, archive.size());
  const std::size_t last = archive.size() - end_bytes;
  const std::size_t first = last > 0xffff ? last - 0xffff : 0;
  for (std::size_t at = last + 1; at-- > first;) {
    if (get32(archive, at) != end_magic || get16(archive, at + 20) != last - at) continue;
    const Bytes end = archive.subspan(at, end_bytes);
    if (get16(end, 4) != 0 && get16(end, 4) != 0xffff) fail("{}: a zip archive of several disks", path);
    Directory directory{get16(end, 10), get32(end, 12), get32(end, 16), at};
    if (at >= locator64_bytes && get32(archive, at - locator64_bytes) == locator64_magic) {
      const std::uint64_t where = get64(archive, at - locator64_bytes + 8);
      const Bytes end64 = fields.slice(where, end64_bytes, "zip64 end record");
      if (get32(end64, 0) != end64_magic)
        fail("{}: the zip archive's zip64 end record is not where it should be", path);
      directory = {get64(end64, 32), get64(end64, 40), get64(end64, 48), where};
    }
    return directory;
  }
  fail("{}: a zip archive without a central directory; it is truncated or corrupt", path);
}

/// Sizes and offset of 0xffffffff stand in the zip64 extra field, in this order, and only those.
void read_zip64(Bytes extra, std::uint64_t& size, std::uint64_t& packed, std::uint64_t& offset,
                const std::string& path, std::string_view name) {
  for (std::size_t at = 0; at + 4 <= extra.size();) {
    const std::size_t length = get16(extra, at + 2);
    if (length > extra.size() - at - 4) break;
    if (get16(extra, at) == 1) {
      std::size_t from = at + 4;
      for (std::uint64_t* value : {&size, &packed, &offset}) {
        if (*value != 0xffffffffu) continue;
        if (from + 8 > at + 4 + length) fail("{}: the zip entry '{}' has a short zip64 field", path, name);
        *value = get64(extra, from);
        from += 8;
      }
      return;
    }
    at += 4 + length;
  }
}

void check_name(std::string_view name, const std::string& path) {
  check_tensor_name(path, name);
  bool leaves = name.empty() || name[0] == '/' || name.find('\\') != std::string_view::npos ||
                (name.size() > 1 && name[1] == ':');
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t slash = std::min(name.find('/', from), name.size());
    leaves = leaves || name.substr(from, slash - from) == "..";
    from = slash + 1;
  }
  if (leaves) fail("{}: the zip entry '{}' has a name that leaves the archive's folder", path, name);
}

}  // namespace

bool looks_like_zip(Bytes bytes) {
  return bytes.size() >= 4 && (get32(bytes, 0) == local_magic || get32(bytes, 0) == end_magic);
}

ZipArchive::ZipArchive(Bytes archive, std::string path)
    : path_(std::move(path)), inflate_budget_(archive.size() + spare_bytes) {
  const Fields fields(archive, path_);
  const Directory directory = find_directory(fields, archive, path_);
  const Bytes records = fields.slice(directory.offset, directory.bytes, "central directory");
  if (directory.offset + directory.bytes > directory.end) {
    fail("{}: the zip archive's central directory overlaps what follows it", path_);
  }
  if (directory.entries > max_entries) {
    fail("{}: a zip archive of {} entries; at most {} are allowed", path_, directory.entries, max_entries);
  }

  struct Extent {
    std::uint64_t begin, end;
    std::size_t entry;
  };
  std::vector<Extent> extents;
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    if (records.size() - at < directory_bytes || get32(records, at) != directory_magic) {
      fail("{}: the zip archive's central directory ends after {} of {} entries; it is truncated or corrupt",
           path_, i, directory.entries);
    }
    const Bytes record = records.subspan(at, directory_bytes);
    const std::size_t name_length = get16(record, 28), extra_length = get16(record, 30),
                      comment = get16(record, 32);
    if (name_length + extra_length + comment > records.size() - at - directory_bytes) {
      fail("{}: the zip archive's central directory ends inside entry {}; it is truncated or corrupt", path_,
           i);
    }
    const std::string_view name = text(records.subspan(at + directory_bytes, name_length));
    check_name(name, path_);
    std::uint64_t packed = get32(record, 20), size = get32(record, 24), offset = get32(record, 42);
    read_zip64(records.subspan(at + directory_bytes + name_length, extra_length), size, packed, offset, path_,
               name);
    at += directory_bytes + name_length + extra_length + comment;

    const std::uint16_t method = get16(record, 10);
    const unsigned encryption = get16(record, 8) & encryption_flags;
    const Bytes local = fields.slice(offset, local_bytes, "local header");
    if (get32(local, 0) != local_magic)
      fail("{}: the zip entry '{}' has no local header at byte {}", path_, name, offset);
    const std::size_t local_name = get16(local, 26), local_extra = get16(local, 28);
    if (text(fields.slice(offset + local_bytes, local_name, "local header")) != name ||
        get16(local, 8) != method || (get16(local, 6) & encryption_flags) != encryption) {
      fail("{}: the zip entry '{}' has a local header that contradicts the central directory", path_, name);
    }
    const std::uint64_t begin = offset + local_bytes + local_name + local_extra;
    const Bytes data = fields.slice(begin, packed, "entry data");
    if (begin + packed > directory.offset) {
      fail("{}: the zip entry '{}' overlaps the central directory", path_, name);
    }
    extents.push_back({offset, begin + packed, entries_.size()});
    entries_.push_back({name, data, size, get32(record, 16), method, encryption != 0});
  }
  if (at != records.size())
    fail("{}: the zip archive's central directory holds more than its {} entries", path_, directory.entries);

  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
  for (std::size_t i = 1; i < extents.size(); ++i) {
    if (extents[i].begin < extents[i - 1].end) {
      fail("{}: the zip entries '{}' and '{}' overlap", path_, entries_[extents[i - 1].entry].name,
           entries_[extents[i].entry].name);
    }
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) by_name_.push_back(i);
  std::sort(by_name_.begin(), by_name_.end(),
            [&](std::size_t a, std::size_t b) { return entries_[a].name < entries_[b].name; });
  for (std::size_t i = 1; i < by_name_.size(); ++i) {
    const std::string_view name = entries_[by_name_[i]].name;
    if (name == entries_[by_name_[i - 1]].name) fail("{}: the zip entry '{}' is there twice", path_, name);
  }
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [&](std::size_t i, std::string_view key) { return entries_[i].name < key; });
  return found == by_name_.end() || entries_[*found].name != name ? nullptr : &entries_[*found];
}

ZipArchive::Contents ZipArchive::read(const ZipEntry& entry) {
  constexpr std::uint16_t stored = 0, deflated = 8;
  if (entry.encrypted) fail("{}: the zip entry '{}' is encrypted", path_, entry.name);
  if (entry.method != stored && entry.method != deflated) {
    fail("{}: the zip entry '{}' is compressed by method {}; only stored (0) and deflated (8) are supported",
         path_, entry.name, entry.method);
  }
  if (entry.method == stored && entry.packed.size() != entry.size) {
    fail("{}: the zip entry '{}' is stored as {} bytes but said to have {}", path_, entry.name,
         entry.packed.size(), entry.size);
  }
  Contents contents{entry.packed, nullptr};
  if (entry.method == deflated) {
    if (entry.size > inflate_budget_) {
      fail("{}: the zip entry '{}' inflates to {} bytes, more than is allowed for an archive of this size",
           path_, entry.name, entry.size);
    }
    inflate_budget_ -= entry.size;
    const auto buffer = std::make_shared<std::vector<std::byte>>(entry.size);
    const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> inflater(
        libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
    if (!inflater) throw std::bad_alloc();
    // Into as many bytes as the directory says, no more and no fewer.
    std::size_t eaten = 0;
    const auto result =
        libdeflate_deflate_decompress_ex(inflater.get(), entry.packed.data(), entry.packed.size(),
                                         buffer->data(), buffer->size(), &eaten, nullptr);
    if (result != LIBDEFLATE_SUCCESS || eaten != entry.packed.size()) {
      fail("{}: the zip entry '{}' does not inflate to the {} bytes it says; it is corrupt", path_,
           entry.name, entry.size);
    }
    contents = {*buffer, buffer};
  }
  const std::uint32_t crc = libdeflate_crc32(0, contents.bytes.data(), contents.bytes.size());
  if (crc != entry.crc) {
    fail("{}: the zip entry '{}' has CRC {:08x}, its contents give {:08x}; it is corrupt", path_, entry.name,
         entry.crc, crc);
  }
  return contents;
}

}  // namespace fanin::io
