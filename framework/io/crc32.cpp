#include "framework/io/crc32.hpp"

#include <zlib.h>

namespace fanin {

std::uint32_t crc32_of(std::uint32_t crc, const void* bytes, std::size_t size) {
  return static_cast<std::uint32_t>(::crc32_z(crc, static_cast<const Bytef*>(bytes), size));
}

}  // namespace fanin
