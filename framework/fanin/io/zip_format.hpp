#pragma once
#include <cstddef>
#include <cstdint>

namespace fanin::io::zip_format {

/// @{
/// The first four bytes of a member's header, a directory entry, and the records at the archive's end.
inline constexpr std::uint32_t local_magic = 0x04034b50, directory_magic = 0x02014b50, end_magic = 0x06054b50,
                               end64_magic = 0x06064b50, locator64_magic = 0x07064b50;
/// @}
/// @{
/// Their sizes in bytes, without names and extra fields.
inline constexpr std::size_t local_bytes = 30, directory_bytes = 46, end_bytes = 22, end64_bytes = 56,
                             locator64_bytes = 20;
/// @}

}  // namespace fanin::io::zip_format
