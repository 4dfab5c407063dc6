#pragma once
#include <cstddef>
#include <cstdint>

namespace fanin::io {

/// The CRC-32 of zip archives (zlib's `crc32`) of all bytes so far, `crc` being that of those before (0 for
/// none): by carry-less multiplication where the processor has it, about as fast as memory is read.
std::uint32_t crc32_of(std::uint32_t crc, const void* bytes, std::size_t size);

}  // namespace fanin::io
