// Images as bytes become pixels: transparency, orientation. Every picture is made here.
#include <doctest/doctest.h>

#include "datasets/image.hpp"
#include "tests/datasets/pictures.hpp"

using namespace fanin;

namespace {

/// Pixels of the picture's own size.
Bytes pixels(const Bytes& file, Index channels, Index width, Index height,
             datasets::Background background = {}) {
  return datasets::decode_image(
      file, "FILE", {.channels = channels, .height = height, .width = width, .background = background});
}

Bytes pixel(const Bytes& file, datasets::Background background) { return pixels(file, 3, 1, 1, background); }

constexpr datasets::Background teal{0, 100, 200};

/// The picture 0 1 2 / 3 4 5 as a viewer shows it under each orientation, with its width.
struct Turned {
  int orientation;
  Index width;
  Bytes shown;
};
const Turned turns[] = {{1, 3, {0, 1, 2, 3, 4, 5}}, {2, 3, {2, 1, 0, 5, 4, 3}}, {3, 3, {5, 4, 3, 2, 1, 0}},
                        {4, 3, {3, 4, 5, 0, 1, 2}}, {5, 2, {0, 3, 1, 4, 2, 5}}, {6, 2, {3, 0, 4, 1, 5, 2}},
                        {7, 2, {5, 2, 4, 1, 3, 0}}, {8, 2, {2, 5, 1, 4, 0, 3}}};

}  // namespace

TEST_CASE("whatever form transparency has, the background shows through") {
  const Bytes opaque = {10, 20, 30}, behind = {0, 100, 200}, half = {5, 60, 115};
  struct Row {
    const char* what;
    PngPicture picture;
    Bytes shown;
  };
  const Row rows[] = {
      {"RGBA, opaque", {1, 1, 8, 6, {10, 20, 30, 255}}, opaque},
      {"RGBA, clear", {1, 1, 8, 6, {10, 20, 30, 0}}, behind},
      {"RGBA, half", {1, 1, 8, 6, {10, 20, 30, 127}}, half},
      {"RGBA of 16 bits, clear", {1, 1, 16, 6, {10, 0, 20, 0, 30, 0, 0, 0}}, behind},
      {"RGBA of 16 bits, opaque", {1, 1, 16, 6, {10, 7, 20, 7, 30, 7, 255, 255}}, opaque},
      {"RGBA of 16 bits, half", {1, 1, 16, 6, {10, 10, 20, 20, 30, 30, 128, 0}}, half},
      {"gray and alpha, clear", {1, 1, 8, 4, {77, 0}}, behind},
      {"gray and alpha, opaque", {1, 1, 8, 4, {77, 255}}, {77, 77, 77}},
      {"gray and alpha of 16 bits, clear", {1, 1, 16, 4, {77, 7, 0, 0}}, behind},
      {"palette, clear", {1, 1, 8, 3, {1}, {1, 2, 3, 10, 20, 30}, {255, 0}}, behind},
      {"palette, half", {1, 1, 8, 3, {1}, {1, 2, 3, 10, 20, 30}, {255, 127}}, half},
      {"palette, beyond its transparency", {1, 1, 8, 3, {1}, {1, 2, 3, 10, 20, 30}, {0}}, opaque},
      {"palette of 1 bit", {1, 1, 1, 3, {0x80}, {1, 2, 3, 10, 20, 30}, {255, 0}}, behind},
      {"palette of 2 bits", {1, 1, 2, 3, {0x40}, {1, 2, 3, 10, 20, 30}, {255, 0}}, behind},
      {"palette of 4 bits", {1, 1, 4, 3, {0x10}, {1, 2, 3, 10, 20, 30}, {255, 0}}, behind},
      {"one gray", {1, 1, 8, 0, {9}, {}, {0, 9}}, behind},
      {"another gray", {1, 1, 8, 0, {8}, {}, {0, 9}}, {8, 8, 8}},
      {"one gray of 4 bits", {1, 1, 4, 0, {0x30}, {}, {0, 3}}, behind},
      {"another gray of 4 bits", {1, 1, 4, 0, {0x40}, {}, {0, 3}}, {68, 68, 68}},
      {"one gray of 16 bits", {1, 1, 16, 0, {3, 4}, {}, {3, 4}}, behind},
      {"a neighbour in 16 bits", {1, 1, 16, 0, {3, 5}, {}, {3, 4}}, {3, 3, 3}},
      {"one colour", {1, 1, 8, 2, {10, 20, 30}, {}, {0, 10, 0, 20, 0, 30}}, behind},
      {"another colour", {1, 1, 8, 2, {10, 20, 30}, {}, {0, 10, 0, 20, 0, 31}}, opaque},
      {"one colour of 16 bits", {1, 1, 16, 2, {1, 2, 3, 4, 5, 6}, {}, {1, 2, 3, 4, 5, 6}}, behind},
  };
  for (const auto& [the_what, picture, shown] : rows) {
    const auto& what = the_what;  // clang 14 captures no structured binding
    CAPTURE(what);
    CHECK(pixel(picture.bytes(), teal) == shown);
    if (shown == behind) {
      CHECK(pixels(picture.bytes(), 1, 1, 1) == Bytes{255});  // white, unless told otherwise
      CHECK(pixels(picture.bytes(), 1, 1, 1, datasets::Background{0, 0, 0}) == Bytes{0});
    }
  }
  const Bytes colours = {1, 2, 3, 10, 20, 30, 7, 7, 7, 8, 8, 8};
  CHECK(pixel(GifPicture{1, 1, {1}, colours}.bytes(), teal) == opaque);
  CHECK(pixel(GifPicture{1, 1, {1}, colours, 1}.bytes(), teal) == behind);
  CHECK(pixels(bmp32(0), 3, 1, 2, teal) == Bytes{10, 0, 20, 100, 30, 200});  // stored from below
  CHECK(pixels(bmp32(255), 3, 1, 2, teal) == Bytes{10, 10, 20, 20, 30, 30});
}

TEST_CASE("a background is a name, a gray level or a colour") {
  CHECK(datasets::Background::parse("white") == datasets::Background{255, 255, 255});
  CHECK(datasets::Background::parse("black") == datasets::Background{0, 0, 0});
  CHECK(datasets::Background::parse("128") == datasets::Background{128, 128, 128});
  CHECK(datasets::Background::parse("ff8000") == datasets::Background{255, 128, 0});
  for (const char* bad : {"", "256", "-1", "red", "#ffffff", "ff80", "12 "})
    CHECK_MESSAGE(!datasets::Background::parse(bad), bad);
}

TEST_CASE("a PNG is read alike under every filter, interlaced or not") {
  Bytes samples;
  for (int i = 0; i < 11 * 9; ++i) samples.push_back(static_cast<std::uint8_t>(i * 37 + i / 5));
  for (int filter = 0; filter <= 4; ++filter)
    for (const bool interlaced : {false, true}) {
      CAPTURE(filter);
      CAPTURE(interlaced);
      const PngPicture picture{.width = 11,
                               .height = 9,
                               .depth = 8,
                               .colour = 0,
                               .samples = samples,
                               .interlaced = interlaced,
                               .filter = filter};
      CHECK(pixels(picture.bytes(), 1, 11, 9) == samples);
    }
  const PngPicture wide{.width = 2,
                        .height = 1,
                        .depth = 16,
                        .colour = 2,
                        .samples = {1, 99, 2, 99, 3, 99, 4, 99, 5, 99, 6, 99},
                        .filter = 1};
  CHECK(pixels(wide.bytes(), 3, 2, 1) == Bytes{1, 4, 2, 5, 3, 6});
}

TEST_CASE("a GIF's first frame is read wherever it lies, interlaced or not") {
  const Bytes palette = {0, 0, 0, 60, 60, 60, 120, 120, 120, 240, 240, 240};
  const GifPicture part{.width = 4,
                        .height = 3,
                        .indices = {1, 2},
                        .palette = palette,
                        .left = 1,
                        .top = 2,
                        .frame_width = 2,
                        .frame_height = 1};
  CHECK(pixels(part.bytes(), 1, 4, 3) == Bytes{255, 255, 255, 255, 255, 255, 255, 255, 255, 60, 120, 255});
  Bytes many, shown;
  for (int i = 0; i < 40 * 30; ++i) many.push_back(static_cast<std::uint8_t>(i * i % 4));
  for (const auto index : many) shown.push_back(palette[std::size_t{3} * index]);
  const GifPicture whole{.width = 40, .height = 30, .indices = many, .palette = palette};
  CHECK(pixels(whole.bytes(), 1, 40, 30) == shown);
  // Rows 0, 8, 4, 2, 6, 1, 3, 5, 7 of nine.
  const GifPicture woven{.width = 1,
                         .height = 9,
                         .indices = {0, 1, 2, 3, 0, 1, 2, 3, 0},
                         .palette = palette,
                         .interlaced = true};
  CHECK(pixels(woven.bytes(), 1, 1, 9) == Bytes{0, 60, 240, 120, 120, 240, 0, 0, 60});
}

TEST_CASE("EXIF turns an image, by every value in either byte order, in JPEG and PNG") {
  for (const auto& [the_orientation, width, shown] : turns)
    for (const bool little : {false, true}) {
      const auto& orientation = the_orientation;  // clang 14 captures no structured binding
      CAPTURE(orientation);
      CAPTURE(little);
      const Bytes exif = exif_block(orientation, little);
      const PngPicture picture{
          .width = 3, .height = 2, .depth = 8, .colour = 0, .samples = {0, 1, 2, 3, 4, 5}, .exif = exif};
      CHECK(pixels(picture.bytes(), 1, width, 6 / width) == shown);
      // The same of blocks of 8×8, which JPEG keeps apart.
      Bytes blocks(std::size_t{24} * 16);
      for (std::size_t i = 0; i < blocks.size(); ++i)
        blocks[i] = static_cast<std::uint8_t>(40 * (i / 24 / 8 * 3 + i % 24 / 8));
      Bytes segment = {'E', 'x', 'i', 'f', 0, 0};
      segment.insert(segment.end(), exif.begin(), exif.end());
      const Bytes turned =
          pixels(with_segment(jpeg_bytes(blocks, 24, 16), 0xe1, segment), 1, 8 * width, 48 / width);
      for (std::size_t i = 0; i < shown.size(); ++i) {
        const auto w = static_cast<std::size_t>(width);
        const int seen = turned[(i / w * 8 + 4) * 8 * w + i % w * 8 + 4];
        CHECK(std::abs(seen - 40 * shown[i]) <= 2);
      }
    }
}

TEST_CASE("an EXIF block that makes no sense leaves the image as it is") {
  const Bytes good = exif_block(3, true);
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return bytes;
  };
  std::vector<Bytes> blocks = {changed(0, 'X'), changed(2, 43), changed(4, 250), changed(7, 255),
                               changed(24, 7),  changed(26, 2), changed(30, 0),  changed(30, 9)};
  for (std::size_t size = 1; size < 34; ++size)
    blocks.emplace_back(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
  blocks.push_back(changed(8, 255));  // more entries than there are: the two are read
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    CAPTURE(i);
    const PngPicture picture{
        .width = 2, .height = 1, .depth = 8, .colour = 0, .samples = {1, 2}, .exif = blocks[i]};
    CHECK(pixels(picture.bytes(), 1, 2, 1) == (i + 1 == blocks.size() ? Bytes{2, 1} : Bytes{1, 2}));
  }
}
