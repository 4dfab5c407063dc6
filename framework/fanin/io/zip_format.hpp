#pragma once
#include <cstddef>
#include <cstdint>

/// Signatures and sizes of a zip archive's records (APPNOTE.TXT 6.3), which reading and writing share.
namespace fanin::io::zip_format {

inline constexpr std::uint32_t local_magic = 0x04034b50, directory_magic = 0x02014b50, end_magic = 0x06054b50,
                               end64_magic = 0x06064b50, locator64_magic = 0x07064b50;
inline constexpr std::size_t local_bytes = 30, directory_bytes = 46, end_bytes = 22, end64_bytes = 56,
                             locator64_bytes = 20;

}  // namespace fanin::io::zip_format
