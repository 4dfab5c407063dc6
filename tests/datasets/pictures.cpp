#include "tests/datasets/pictures.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image_write.h>
#pragma GCC diagnostic pop

namespace {

void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

Bytes big(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
          static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

void append_word(Bytes& to, int value) {
  to.push_back(static_cast<std::uint8_t>(value));
  to.push_back(static_cast<std::uint8_t>(value >> 8));
}

Bytes zlib_of(const Bytes& raw) {
  uLongf size = compressBound(static_cast<uLong>(raw.size()));
  Bytes out(size);
  if (compress(out.data(), &size, raw.data(), static_cast<uLong>(raw.size())) != Z_OK)
    throw std::runtime_error("compress failed");
  out.resize(size);
  return out;
}

/// A row under a PNG filter, given the row above it.
Bytes filtered(int filter, const Bytes& row, const Bytes& above, std::size_t step) {
  Bytes out = {static_cast<std::uint8_t>(filter)};
  for (std::size_t i = 0; i < row.size(); ++i) {
    const int left = i >= step ? row[i - step] : 0, up = above[i], corner = i >= step ? above[i - step] : 0;
    const int p = left + up - corner, pa = std::abs(p - left), pb = std::abs(p - up),
              pc = std::abs(p - corner);
    const int paeth = pa <= pb && pa <= pc ? left : pb <= pc ? up : corner;
    const int guess[] = {0, left, up, (left + up) / 2, paeth};
    out.push_back(static_cast<std::uint8_t>(row[i] - guess[filter]));
  }
  return out;
}

}  // namespace

Bytes png_chunk(const std::string& type, const Bytes& data) {
  Bytes chunk = big(static_cast<std::uint32_t>(data.size()));
  Bytes body(type.begin(), type.end());
  append(body, data);
  append(chunk, body);
  append(chunk, big(static_cast<std::uint32_t>(crc32(0, body.data(), static_cast<uInt>(body.size())))));
  return chunk;
}

Bytes PngPicture::bytes() const {
  Bytes file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  Bytes header = big(width);
  append(header, big(height));
  for (const int part : {depth, colour, 0, 0, interlaced ? 1 : 0})
    header.push_back(static_cast<std::uint8_t>(part));
  append(file, png_chunk("IHDR", header));
  if (!exif.empty()) append(file, png_chunk("eXIf", exif));
  if (!palette.empty()) append(file, png_chunk("PLTE", palette));
  if (!transparency.empty()) append(file, png_chunk("tRNS", transparency));
  const int parts = colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1;
  const auto step = static_cast<std::size_t>(std::max(1, parts * depth / 8));
  Bytes raw;
  const auto add_rows = [&](const std::vector<Bytes>& rows) {
    Bytes above(rows.empty() ? 0 : rows[0].size());
    for (const Bytes& row : rows) {
      append(raw, filtered(filter, row, above, step));
      above = row;
    }
  };
  if (interlaced) {
    const std::uint32_t passes[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                        {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    for (const auto& [x, y, dx, dy] : passes) {
      std::vector<Bytes> rows;
      for (std::uint32_t j = y; j < height && x < width; j += dy) {
        rows.emplace_back();
        for (std::uint32_t i = x; i < width; i += dx) rows.back().push_back(samples[j * width + i]);
      }
      add_rows(rows);
    }
  } else {
    const std::size_t size = samples.size() / height;
    std::vector<Bytes> rows;
    for (std::size_t j = 0; j < height; ++j)
      rows.emplace_back(samples.begin() + static_cast<std::ptrdiff_t>(j * size),
                        samples.begin() + static_cast<std::ptrdiff_t>((j + 1) * size));
    add_rows(rows);
  }
  const Bytes packed = zlib_of(raw);
  // Two chunks, cut anywhere, are one stream.
  const auto cut = packed.begin() + static_cast<std::ptrdiff_t>(packed.size() / 2);
  append(file, png_chunk("IDAT", Bytes(packed.begin(), cut)));
  append(file, png_chunk("IDAT", Bytes(cut, packed.end())));
  append(file, png_chunk("IEND", {}));
  return file;
}

Bytes GifPicture::bytes() const {
  Bytes file = {'G', 'I', 'F', '8', '9', 'a'};
  append_word(file, width);
  append_word(file, height);
  int bits = 0;
  while ((std::size_t{6} << bits) < palette.size()) ++bits;
  file.push_back(static_cast<std::uint8_t>(0x80 | bits));
  append(file, {0, 0});
  append(file, palette);
  if (transparent >= 0) append(file, {0x21, 0xf9, 4, 1, 0, 0, static_cast<std::uint8_t>(transparent), 0});
  append(file, {0x21, 0xfe, 2, 'h', 'i', 0});  // a comment
  file.push_back(0x2c);
  for (const int number :
       {left, top, frame_width > 0 ? frame_width : width, frame_height > 0 ? frame_height : height})
    append_word(file, number);
  file.push_back(interlaced ? 0x40 : 0);
  file.push_back(8);
  std::uint32_t buffer = 0;
  int held = 0;
  Bytes codes;
  const auto put = [&](std::uint32_t code) {
    buffer |= code << held;
    for (held += 9; held >= 8; held -= 8, buffer >>= 8) codes.push_back(static_cast<std::uint8_t>(buffer));
  };
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (i % 200 == 0) put(256);
    put(indices[i]);
  }
  put(257);
  if (held > 0) codes.push_back(static_cast<std::uint8_t>(buffer));
  for (std::size_t at = 0; at < codes.size(); at += 255) {
    const std::size_t size = std::min<std::size_t>(255, codes.size() - at);
    file.push_back(static_cast<std::uint8_t>(size));
    file.insert(file.end(), codes.begin() + static_cast<std::ptrdiff_t>(at),
                codes.begin() + static_cast<std::ptrdiff_t>(at + size));
  }
  append(file, {0, 0x3b});
  return file;
}

Bytes bmp32(std::uint8_t alpha) {
  Bytes file = {'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0,  40,
                0,   0,   0, 1, 0, 0, 0, 2, 0, 0, 0,  1, 0, 32, 0};
  file.resize(54);
  for (const std::uint8_t a : {alpha, std::uint8_t{255}}) file.insert(file.end(), {30, 20, 10, a});
  return file;
}

Bytes jpeg_bytes(const Bytes& gray, int width, int height) {
  Bytes file;
  const auto add = [](void* to, void* data, int size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    static_cast<Bytes*>(to)->insert(static_cast<Bytes*>(to)->end(), bytes, bytes + size);
  };
  if (!stbi_write_jpg_to_func(add, &file, width, height, 1, gray.data(), 95))
    throw std::runtime_error("no JPEG");
  return file;
}

void write_picture(const std::string& path, std::uint8_t gray, int width, int height) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  const Bytes pixels(static_cast<std::size_t>(width * height), gray);
  const int written =
      path.ends_with(".png")   ? stbi_write_png(path.c_str(), width, height, 1, pixels.data(), 0)
      : path.ends_with(".bmp") ? stbi_write_bmp(path.c_str(), width, height, 1, pixels.data())
                               : stbi_write_jpg(path.c_str(), width, height, 1, pixels.data(), 95);
  if (written == 0) throw std::runtime_error("cannot write " + path);
}

std::string folder_text(const TempFolder& folder, const std::string& options) {
  return "folder(" + folder.path() + ", " + options + ")";
}

Bytes with_segment(const Bytes& jpeg, std::uint8_t marker, const Bytes& data) {
  Bytes file(jpeg.begin(), jpeg.begin() + 2);
  const std::size_t size = data.size() + 2;
  append(file, {0xff, marker, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
  append(file, data);
  file.insert(file.end(), jpeg.begin() + 2, jpeg.end());
  return file;
}

Bytes exif_block(int orientation, bool little) {
  const auto value = static_cast<std::uint8_t>(orientation);
  // Two entries: an image width, which is passed over, and the orientation.
  if (little)
    return {'I', 'I', 42, 0,    8, 0, 0, 0, 2, 0, 0, 1,     3, 0, 1, 0, 0, 0, 9,
            0,   0,   0,  0x12, 1, 3, 0, 1, 0, 0, 0, value, 0, 0, 0, 0, 0, 0, 0};
  return {'M', 'M', 0, 42, 0,    0, 0, 8, 0, 2, 1, 0, 0,     3, 0, 0, 0, 1, 0,
          9,   0,   0, 1,  0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0, 0, 0, 0, 0};
}
