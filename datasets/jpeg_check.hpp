#pragma once
#include <cstdint>
#include <span>
#include <string>

#include <fanin/core/real.hpp>

namespace fanin::datasets {

/// What a JPEG file says of itself before its pixels.
struct JpegHeader {
  Index width = 0, height = 0;
  int orientation = 1;  ///< of its EXIF block
};

/// Walks a JPEG file's segments and holds every table and size in them against what stb_image 2.27 has room
/// for, since that trusts them: Huffman tables of more than 256 codes or more codes than their lengths leave,
/// symbols out of range, tables that a scan names and the file never defines, components and sampling
/// factors. Error naming `path` and what is wrong.
JpegHeader check_jpeg(std::span<const std::uint8_t> file, const std::string& path);

}  // namespace fanin::datasets
