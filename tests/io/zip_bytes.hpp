#pragma once
#include <zlib.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/io/bytes.hpp"

/// One member of a zip archive to be built for a test, each field free to lie.
struct ZipPart {
  std::string name, data;  ///< as packed
  std::size_t method = 0, flags = 0;
  std::size_t size = std::string::npos;  ///< unpacked; the packed size when left out
  std::size_t crc = std::string::npos;   ///< of `data` when left out
  std::string local_name = name;
};

inline std::uint32_t crc_of(const std::string& data) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
}

/// A raw deflate stream of `data`.
inline std::string deflated(const std::string& data) {
  std::string out(data.size() + data.size() / 100 + 64, '\0');
  z_stream stream{};
  ::deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

/// What a test may change in an archive while it is built.
struct ZipLies {
  std::function<std::size_t(std::size_t entry, std::size_t offset)> local_offset = nullptr;
  std::size_t entries = std::string::npos, directory_bytes = std::string::npos, disk = 0;
  std::string after_directory = "";
};

inline std::string zip_of(const std::vector<ZipPart>& parts, const ZipLies& lies = {}) {
  std::string out, directory;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const ZipPart& part = parts[i];
    const std::size_t size = part.size == std::string::npos ? part.data.size() : part.size;
    const std::size_t crc = part.crc == std::string::npos ? crc_of(part.data) : part.crc;
    const std::size_t offset = lies.local_offset ? lies.local_offset(i, out.size()) : out.size();
    const std::string facts =
        u16(20) + u16(part.flags) + u16(part.method) + u32(0) + u32(crc) + u32(part.data.size()) + u32(size);
    directory += "PK\1\2" + u16(20) + facts + u16(part.name.size()) + u16(0) + u16(0) + u16(0) + u16(0) +
                 u32(0) + u32(offset) + part.name;
    out += "PK\3\4" + facts + u16(part.local_name.size()) + u16(0) + part.local_name + part.data;
  }
  const std::size_t start = out.size();
  const std::size_t entries = lies.entries == std::string::npos ? parts.size() : lies.entries;
  const std::size_t length =
      lies.directory_bytes == std::string::npos ? directory.size() : lies.directory_bytes;
  return out + directory + lies.after_directory + "PK\5\6" + u16(lies.disk) + u16(0) + u16(entries) +
         u16(entries) + u32(length) + u32(start) + u16(0);
}

/// An npy file of floats.
inline std::string npy_of(const std::string& header, const std::string& data, char version = 1) {
  const std::string length = version == 1 ? u16(header.size()) : u32(header.size());
  return std::string("\x93NUMPY") + version + '\0' + length + header + data;
}
