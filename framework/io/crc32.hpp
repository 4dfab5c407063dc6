#pragma once
#include <cstddef>
#include <cstdint>

namespace fanin {

/// The CRC-32 of zip and PNG (ISO 3309) of more bytes, going on from `crc`; 0 to start.
std::uint32_t crc32_of(std::uint32_t crc, const void* bytes, std::size_t size);

}  // namespace fanin
