#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fanin/io/dtype.hpp>

namespace fanin::io {

/// A member of a zip archive.
struct ZipEntry {
  std::string_view name;     ///< a path within the archive
  Bytes packed;              ///< as they lie in the archive: the contents themselves when stored
  std::uint64_t size = 0;    ///< of the contents, in bytes
  std::uint32_t crc = 0;     ///< CRC-32 of the contents
  std::uint16_t method = 0;  ///< 0 stored, 8 deflated
  bool encrypted = false;    ///< which is not read
};

/// The directory of a zip archive in memory (APPNOTE.TXT 6.3; zip64 too). What no weight file needs of an
/// archive's structure is an Error: several disks, names that leave the folder, names that are there twice,
/// members that overlap, local headers that contradict the directory. What is wrong with one member is found
/// when it is read.
class ZipArchive {
 public:
  /// Reads the directory; `path` is for messages, and `archive` must stay.
  ZipArchive(Bytes archive, std::string path);

  const std::vector<ZipEntry>& entries() const { return entries_; }  ///< in the directory's order
  const ZipEntry* find(std::string_view name) const;                 ///< null when there is none

  /// What a member holds.
  struct Contents {
    Bytes bytes;                        ///< unpacked
    std::shared_ptr<const void> owner;  ///< of inflated bytes; null for stored ones, which lie in the archive
  };
  /// An entry's bytes, checked against its CRC; Error also where it is encrypted or compressed in a way not
  /// known here. What all calls inflate together may not pass the archive's size by more than `spare_bytes`:
  /// a bomb is an Error before it is memory.
  Contents read(const ZipEntry& entry);

 private:
  std::string path_;
  std::vector<ZipEntry> entries_;
  std::vector<std::size_t> by_name_;  // indices of `entries_`, sorted by name
  std::uint64_t inflate_budget_;
};

/// Whether the bytes start as a zip archive does.
bool looks_like_zip(Bytes bytes);

}  // namespace fanin::io
