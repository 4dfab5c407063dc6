// Images as bytes become pixels: transparency, orientation, and what is refused. Every picture is made here.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>

#include <fanin/core/error.hpp>

#include "datasets/image.hpp"
#include "datasets/image_decoder.hpp"
#include "datasets/jpeg_check.hpp"
#include "tests/datasets/files.hpp"
#include "tests/datasets/pictures.hpp"
#include "tests/message.hpp"

using namespace fanin;

namespace {

/// Pixels of the picture's own size.
Bytes pixels(const Bytes& file, Index channels, Index width, Index height,
             datasets::Background background = {}) {
  return datasets::decode_image(
      file, "FILE", {.channels = channels, .height = height, .width = width, .background = background});
}

Bytes pixel(const Bytes& file, datasets::Background background) { return pixels(file, 3, 1, 1, background); }

std::string refusal(const Bytes& file) {
  return message([&] { datasets::decode_image(file, "FILE", {.channels = 1, .height = 4, .width = 4}); });
}

constexpr datasets::Background teal{0, 100, 200};

Bytes bmp32(std::uint8_t alpha) {
  Bytes file = {'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0,  40,
                0,   0,   0, 1, 0, 0, 0, 2, 0, 0, 0,  1, 0, 32, 0};
  file.resize(54);
  for (const std::uint8_t a : {alpha, std::uint8_t{255}}) file.insert(file.end(), {30, 20, 10, a});
  return file;
}

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

TEST_CASE("what is no image that is read is named by its content") {
  struct Row {
    std::string content;
    const char* name;
  };
  using namespace std::string_literals;
  const Row rows[] = {{"RIFF\x10\0\0\0WEBPVP8 "s, "a WebP image"},
                      {"II*\0\x08\0\0\0"s, "a TIFF image"},
                      {"MM\0*\0\0\0\x08"s, "a TIFF image"},
                      {"\0\0\0\30ftypheic\0\0\0\0"s, "a HEIC image"},
                      {"\0\0\0\30ftypavif\0\0\0\0"s, "an AVIF image"},
                      {"8BPS\0\1\0\0"s, "a Photoshop file (PSD)"},
                      {"\xff\x0a\xff\xff"s, "a JPEG XL image"},
                      {"\0\0\1\0\1\0"s, "a Windows icon (ICO)"},
                      {"P6\n2 2\n255\n"s, "a PPM image"},
                      {"<?xml version='1.0'?>\n<svg xmlns='x'>"s, "an SVG drawing"},
                      {"\n <!DOCTYPE html><p>404"s, "an HTML page"},
                      {"version https://git-lfs.github.com/spec/v1\n"s, "a Git LFS pointer"},
                      {"%PDF-1.7"s, "a PDF document"},
                      {std::string(64, '\0'), "a file of zeros alone"},
                      {"hello"s, "no image that is known here"}};
  for (const auto& [content, the_name] : rows) {
    const auto& name = the_name;  // clang 14 captures no structured binding
    CAPTURE(name);
    CHECK(refusal(Bytes(content.begin(), content.end()))
              .starts_with("FILE: cannot be read as a PNG, JPEG, GIF or BMP image (it is " +
                           std::string(name)));
  }
}

TEST_CASE("a JPEG whose tables and sizes stb_image would trust is refused before it sees them") {
  const Bytes good = jpeg_bytes(Bytes(256, 77), 16, 16);
  CHECK(datasets::check_jpeg(good, "FILE").width == 16);
  const auto find = [&](std::uint8_t marker) {
    const Bytes wanted = {0xff, marker};
    return static_cast<std::size_t>(std::search(good.begin(), good.end(), wanted.begin(), wanted.end()) -
                                    good.begin());
  };
  const auto changed = [&](std::size_t at, std::initializer_list<std::uint8_t> values) {
    Bytes bytes = good;
    std::copy(values.begin(), values.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    return bytes;
  };
  const auto without = [&](std::uint8_t marker) {
    Bytes bytes = good;
    const std::size_t at = find(marker), size = static_cast<std::size_t>(good[at + 2]) << 8 | good[at + 3];
    bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                bytes.begin() + static_cast<std::ptrdiff_t>(at + 2 + size));
    return bytes;
  };
  const std::size_t huffman = find(0xc4), frame = find(0xc0), scan = find(0xda), quantization = find(0xdb);
  Bytes counts(17, 0);
  counts[9] = counts[10] = 128;
  counts[11] = 1;
  Bytes many = with_segment(good, 0xc4, [&] {
    Bytes table = counts;
    table.resize(17 + 257);
    return table;
  }());
  Bytes short_codes(17, 0);
  short_codes[8] = 255;
  short_codes[9] = 1;
  short_codes.resize(17 + 256);
  Bytes full(17, 0);
  full[8] = 200;
  full[16] = 56;
  full.resize(17 + 256, 1);
  struct Row {
    const char* what;
    Bytes file;
    const char* expected;
  };
  const Row rows[] = {
      {"257 codes", many, "a Huffman table has 257 codes, at most 256 fit"},
      {"256 short codes", with_segment(good, 0xc4, short_codes), "256 short codes"},
      {"too many of a length", changed(huffman + 5, {3}), "more codes than their lengths leave room for"},
      {"counts of 255", changed(huffman + 5, {255, 255, 255, 255, 255, 255, 255, 255}),
       "more codes than their lengths"},
      {"a table number", changed(huffman + 4, {4}), "a number that JPEG does not have"},
      {"a table kind", changed(huffman + 4, {0x20}), "a number that JPEG does not have"},
      {"no Huffman tables", without(0xc4), "a Huffman table that the file does not define"},
      {"no quantization tables", without(0xdb), "a quantization table that the file does not define"},
      {"a quantization table's number", changed(quantization + 4, {9}), "a quantization table has a number"},
      {"no frame", without(0xc0), "a JPEG scan comes before the frame"},
      {"no scan", Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(scan)), "cut short"},
      {"no height", changed(frame + 5, {0, 0}), "16x0 pixels"},
      {"12 bits", changed(frame + 4, {12}), "only 8 are read"},
      {"two components", changed(frame + 9, {2}), "a JPEG frame of 2 components"},
      {"sampling", changed(frame + 11, {0x51}), "a sampling factor is not 1 to 4"},
      {"the frame's quantization", changed(frame + 12, {7}), "that JPEG does not have"},
      {"arithmetic coding", changed(frame + 1, {0xc9}), "of a kind that is not read"},
      {"a scan's component", changed(scan + 5, {99}), "a component that the frame does not have"},
      {"a scan's tables", changed(scan + 6, {0x33}), "a Huffman table that the file does not define"},
      {"a scan's coefficients", changed(scan + 11, {5}), "coefficients that do not exist"},
      {"too large", changed(frame + 5, {0xff, 0xff, 0xff, 0xff}), "is too large, at most 67108864 are read"},
  };
  for (const auto& [the_what, file, expected] : rows) {
    const auto& what = the_what;  // clang 14 captures no structured binding
    CAPTURE(what);
    CHECK(holds(refusal(file), expected));
  }
  CHECK(datasets::check_jpeg(with_segment(good, 0xc4, full), "FILE").height ==
        16);  // 256 codes are as many as there may be
}

TEST_CASE("PNG, GIF and BMP files that lie about their sizes, palettes and chunks are refused") {
  const PngPicture gray{.width = 4, .height = 4, .depth = 8, .colour = 0, .samples = Bytes(16, 9)};
  const Bytes png = gray.bytes();
  PngPicture form = gray;
  form.depth = 3;
  CHECK(holds(refusal(form.bytes()), "broken image (Invalid IHDR data)"));
  form = gray;
  form.colour = 3;
  CHECK(holds(refusal(form.bytes()), "Missing PLTE before IDAT)"));
  form.palette = {1, 2, 3};
  CHECK(holds(refusal(form.bytes()), "a pixel has colour 9 of a palette of 1"));
  form = gray;
  form.samples = Bytes(12);  // rows of three
  CHECK(holds(refusal(form.bytes()), "broken image (Not enough image data)"));
  for (std::size_t size = 8; size + 12 < png.size(); ++size)
    CHECK_MESSAGE(
        holds(refusal(Bytes(png.begin(), png.begin() + static_cast<std::ptrdiff_t>(size))), "broken image"),
        size);
  for (std::size_t at = 41; at < png.size() - 12; ++at) {  // in the data and their checksums, nothing passes
    Bytes flipped = png;
    flipped[at] = static_cast<std::uint8_t>(flipped[at] ^ 0x10);
    CHECK_MESSAGE(refusal(flipped) != "no error", at);
  }
  const GifPicture gif{.width = 4, .height = 4, .indices = Bytes(16, 1), .palette = Bytes(12, 50)};
  CHECK(refusal(gif.bytes()) == "no error");
  GifPicture lies = gif;
  lies.indices.resize(9);
  CHECK(holds(refusal(lies.bytes()), "broken image (the GIF data are cut short)"));
  lies = gif;
  lies.indices[3] = 200;
  CHECK(holds(refusal(lies.bytes()), "a pixel has colour 200 of a palette of 4"));
  lies = gif;
  lies.left = 3;
  CHECK(holds(refusal(lies.bytes()), "its first frame is larger than the picture"));
  Bytes bmp = bmp32(255);
  bmp.pop_back();
  CHECK(holds(refusal(bmp), "the BMP data are cut short"));
  bmp = bmp32(255);
  std::memset(bmp.data() + 18, 0x7f, 8);
  CHECK(holds(refusal(bmp), "is too large"));
  Bytes indexed = {'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 58, 0, 0, 0, 40,
                   0,   0,   0, 1, 0, 0, 0, 1, 0, 0, 0,  1, 0, 8, 0};
  indexed.resize(58);
  indexed.insert(indexed.end(), {200, 0, 0, 0});
  CHECK(holds(refusal(indexed), "a pixel has colour 200 of a palette of 1"));
  for (const unsigned depth : {1u, 4u, 8u}) {  // OS/2's header, a whole palette, and its last colour
    CAPTURE(depth);
    const std::size_t offset = 26 + (std::size_t{3} << depth);
    Bytes os2 = {'B',
                 'M',
                 0,
                 0,
                 0,
                 0,
                 0,
                 0,
                 0,
                 0,
                 static_cast<std::uint8_t>(offset),
                 static_cast<std::uint8_t>(offset >> 8),
                 0,
                 0,
                 12,
                 0,
                 0,
                 0,
                 1,
                 0,
                 1,
                 0,
                 1,
                 0,
                 static_cast<std::uint8_t>(depth),
                 0};
    os2.resize(offset, 77);
    os2.insert(os2.end(), {255, 0, 0, 0});
    CHECK(holds(refusal(os2),
                "FILE: a BMP image of OS/2's old kind with a palette, which is not read; convert it to PNG"));
  }
  const Bytes os2_colour = {'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0,  26, 0,  0,  0,  12,
                            0,   0,   0, 1, 0, 1, 0, 1, 0, 24, 0,  30, 20, 10, 0};
  CHECK(pixel(os2_colour, {}) == Bytes{10, 20, 30});
}

TEST_CASE("bad images are all named at once, and those beside them are read") {
  const TempFolder folder;
  std::vector<std::string> paths;
  for (int i = 0; i < 30; ++i) {
    paths.push_back(folder / (std::to_string(i) + ".png"));
    const PngPicture picture{
        .width = 2, .height = 2, .depth = 8, .colour = 0, .samples = Bytes(4, static_cast<std::uint8_t>(i))};
    Bytes file = picture.bytes();
    if (i % 2 == 1) file.resize(file.size() / 2);
    write_bytes(paths.back(), file);
  }
  paths.push_back(folder / "none.png");
  paths.emplace_back("/dev/zero");
  datasets::BadImages bad;
  const auto images = datasets::decode_images(
      static_cast<Index>(paths.size()), [&](Index i) { return paths[static_cast<std::size_t>(i)]; },
      {.channels = 1, .height = 2, .width = 2}, bad);
  CHECK(images.kept == std::vector<Index>{0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28});
  CHECK(images.pixels.size() == 60);
  CHECK(images.pixels[56] == 28);
  CHECK(bad.count == 17);
  CHECK(bad.tried == 32);
  const std::string all = message([&] { bad.require_none("; do this"); });
  CHECK(all.starts_with("17 of 32 images cannot be read: " + (folder / "1.png: broken image (")));
  CHECK(holds(all, folder / "3.png: "));
  CHECK(holds(all, "; /dev/zero: "));
  CHECK(all.ends_with("; do this"));
  for (int i = 0; i < 90; ++i) bad.add("x");
  CHECK(bad.summary().ends_with("; x; and 7 more"));
}

TEST_CASE("whatever becomes of the decoder, --skip-bad reads what can be read") {
  const TempFolder folder;
  write_bytes(folder / "a.png",
              PngPicture{.width = 1, .height = 1, .depth = 8, .colour = 0, .samples = {9}}.bytes());
  // The process that decodes is this thread's only child while the next path is asked for.
  const auto kill_decoder = [&](Index i) {
    pid_t child = 0;
    std::ifstream("/proc/thread-self/children") >> child;
    if (i < 25 && child > 0) kill(child, SIGKILL);
    return folder / "a.png";
  };
  const datasets::ImageForm form{.channels = 1, .height = 1, .width = 1};
  datasets::BadImages bad{.skipped = true};
  CHECK(datasets::decode_images(27, kill_decoder, form, bad).kept == std::vector<Index>{25, 26});
  CHECK(bad.count == 25);
  datasets::BadImages ended;
  CHECK(holds(message([&] { datasets::decode_images(27, kill_decoder, form, ended); }),
              "20 images brought their decoder down"));
}
