#pragma once
#include <fstream>
#include <string>

/// A 24-bit BMP of 8 × 8 pixels of one gray.
inline void write_bmp(const std::string& path, unsigned char gray) {
  constexpr unsigned side = 8, bytes = 54 + side * side * 3;
  std::string bmp(bytes, static_cast<char>(gray));
  const auto put = [&bmp](std::size_t at, unsigned value, int size) {
    for (int i = 0; i < size; ++i)
      bmp[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (8 * i) & 0xff);
  };
  for (std::size_t i = 0; i < 54; ++i) bmp[i] = 0;
  bmp[0] = 'B', bmp[1] = 'M';
  put(2, bytes, 4), put(10, 54, 4), put(14, 40, 4), put(18, side, 4), put(22, side, 4), put(26, 1, 2),
      put(28, 24, 2);
  std::ofstream(path, std::ios::binary) << bmp;
}
