#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "datasets/raster.hpp"

namespace fanin::datasets {

/// The first frame of a GIF, as a viewer shows it: what the frame leaves free, and its transparent colour,
/// show `background`. Takes the result's bytes and a few kilobytes. Error naming `path` for a broken, cut or
/// too large one.
Raster decode_gif(std::span<const std::uint8_t> file, const std::string& path, Index channels,
                  const Background& background);

}  // namespace fanin::datasets
