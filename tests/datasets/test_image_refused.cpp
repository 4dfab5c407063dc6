// Images that are refused: what is no image, and what lies about itself.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "datasets/image.hpp"
#include "datasets/jpeg_check.hpp"
#include "tests/datasets/pictures.hpp"
#include "tests/message.hpp"

using namespace fanin;

namespace {

std::string refusal(const Bytes& file) {
  return message([&] { datasets::decode_image(file, "FILE", {.channels = 1, .height = 4, .width = 4}); });
}

}  // namespace

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
  CHECK(datasets::decode_image(os2_colour, "FILE", {.channels = 3, .height = 1, .width = 1}) ==
        Bytes{10, 20, 30});
}
