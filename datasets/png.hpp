#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "datasets/raster.hpp"

namespace fanin::datasets {

/// A PNG image of any colour type, depth and interlacing, row by row: it takes the result's bytes and two
/// rows more, whatever the file promises. Transparency (an alpha channel, a palette's, one colour's) shows
/// `background`. `orientation` becomes what its eXIf chunk says. Error naming `path` for a broken, cut or too
/// large one.
Raster decode_png(std::span<const std::uint8_t> file, const std::string& path, Index channels,
                  const Background& background, int& orientation);

}  // namespace fanin::datasets
