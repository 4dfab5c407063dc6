#pragma once
#include <string>

#include "tests/datasets/files.hpp"

/// A PNG file, put together chunk by chunk.
struct PngPicture {
  std::uint32_t width, height;
  int depth = 8, colour = 2;  ///< 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGB and alpha
  Bytes samples = {};         ///< whole rows, packed as the depth says, without filter bytes
  Bytes palette = {}, transparency = {}, exif = {};
  bool interlaced = false;  ///< only for 8-bit samples of one part
  int filter = 0;           ///< of every row

  Bytes bytes() const;
};

/// A chunk with its length and checksum.
Bytes png_chunk(const std::string& type, const Bytes& data);

/// A GIF file of one frame of palette indices, whose codes stay 9 bits wide: a clear code before every 200 of
/// them.
struct GifPicture {
  int width, height;
  Bytes indices = {};
  Bytes palette = {};  ///< RGB, a power of two of colours
  int transparent = -1;
  int left = 0, top = 0, frame_width = 0, frame_height = 0;  ///< 0: the whole picture
  bool interlaced = false;                                   ///< `indices` are in the order of the file then

  Bytes bytes() const;
};

/// A BMP file of two pixels, blue 30, green 20, red 10, of 32 bits: of this alpha, and opaque.
Bytes bmp32(std::uint8_t alpha);

/// A gray JPEG by stb_image_write.
Bytes jpeg_bytes(const Bytes& gray, int width, int height);
/// The JPEG with another segment behind its start.
Bytes with_segment(const Bytes& jpeg, std::uint8_t marker, const Bytes& data);

/// Writes a width × height picture of one gray value, in the format its name says, and the folders it lies in.
void write_picture(const std::string& path, std::uint8_t gray, int width = 4, int height = 4);
/// The text of a data set of images in that folder, with these options.
std::string folder_text(const TempFolder& folder, const std::string& options);

/// An EXIF block (without "Exif\0\0") that holds an orientation, in either byte order.
Bytes exif_block(int orientation, bool little);
