#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <fanin/datasets.hpp>

namespace fanin::datasets {

/// A decoded image: rows of 1 (gray) or 3 (RGB) interleaved bytes a pixel, opaque.
struct Raster {
  Index width = 0, height = 0, channels = 1;
  std::vector<std::uint8_t> pixels = {};
};

constexpr Index most_pixels = Index{1} << 26;
constexpr Index longest_side = 65535;

/// Error naming `path` for an image that is empty or larger than is read.
void require_bearable(const std::string& path, Index width, Index height);

/// One pixel's way into a Raster: composited on the background, then as gray or RGB.
class PixelWriter {
 public:
  PixelWriter(Index channels, const Background& background) : gray_(channels == 1), background_(background) {}

  /// Colour parts and alpha in 0..most, where most is 255 or 65535.
  void put(std::uint8_t* out, std::uint32_t red, std::uint32_t green, std::uint32_t blue, std::uint32_t alpha,
           std::uint32_t most = 255) const {
    if (alpha != most) {
      red = over(red, background_.red, alpha, most);
      green = over(green, background_.green, alpha, most);
      blue = over(blue, background_.blue, alpha, most);
    }
    if (most != 255) {  // the high byte, as viewers take it
      red >>= 8;
      green >>= 8;
      blue >>= 8;
    }
    if (gray_) {
      // stb_image's luma; gray stays as it is
      *out = static_cast<std::uint8_t>((red * 77 + green * 150 + blue * 29) >> 8);
    } else {
      out[0] = static_cast<std::uint8_t>(red);
      out[1] = static_cast<std::uint8_t>(green);
      out[2] = static_cast<std::uint8_t>(blue);
    }
  }

 private:
  static std::uint32_t over(std::uint32_t part, std::uint32_t behind, std::uint32_t alpha,
                            std::uint32_t most) {
    const std::uint64_t sum =
        std::uint64_t{part} * alpha + std::uint64_t{behind} * (most / 255) * (most - alpha);
    return static_cast<std::uint32_t>((sum + most / 2) / most);
  }

  bool gray_;
  Background background_;
};

}  // namespace fanin::datasets
