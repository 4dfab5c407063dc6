#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "datasets/image_folder.hpp"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image_write.h>
#pragma GCC diagnostic pop

#include "framework/core/error.hpp"
#include "tests/datasets/files.hpp"

using namespace fanin;
namespace fs = std::filesystem;

namespace {

/// A width × height picture of one gray value, in the format its name says.
void write_picture(const std::string& path, std::uint8_t gray, int width = 4, int height = 4) {
  fs::create_directories(fs::path(path).parent_path());
  const Bytes pixels(static_cast<std::size_t>(width * height), gray);
  const int written =
      path.ends_with(".png")   ? stbi_write_png(path.c_str(), width, height, 1, pixels.data(), 0)
      : path.ends_with(".bmp") ? stbi_write_bmp(path.c_str(), width, height, 1, pixels.data())
                               : stbi_write_jpg(path.c_str(), width, height, 1, pixels.data(), 95);
  REQUIRE(written != 0);
}

std::string text(const TempFolder& folder, const std::string& options) {
  return "folder(" + folder.path() + ", " + options + ")";
}

}  // namespace

TEST_CASE("read_image gives planes of the channels and size asked for") {
  const TempFolder folder;
  const Bytes rgb = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30};  // 2x2: red, green, blue, dark
  stbi_write_png((folder / "a.png").c_str(), 2, 2, 3, rgb.data(), 0);
  CHECK(read_image(folder / "a.png", 3, 2, 2) == Bytes{255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30});
  const Bytes gray = read_image(folder / "a.png", 1, 2, 2);
  CHECK(gray == Bytes{76, 149, 28, 18});  // stb_image's luma: (77 R + 150 G + 29 B) / 256
  CHECK(read_image(folder / "a.png", 3, 5, 7).size() == 3 * 5 * 7);
  for (const char* name : {"b.png", "b.bmp", "b.jpg"}) {
    CAPTURE(name);
    write_picture(folder / name, 120, 9, 6);
    for (const int pixel : read_image(folder / name, 1, 4, 4)) CHECK(std::abs(pixel - 120) <= 2);
  }
}

TEST_CASE("a folder of images becomes classes in the order of their names, with its own halves") {
  const TempFolder folder;
  write_picture(folder / "train/zebra/1.png", 10);
  write_picture(folder / "train/zebra/2.JPG", 20);
  write_picture(folder / "train/ant/1.bmp", 200, 30, 20);
  write_picture(folder / "test/zebra/9.png", 30);
  write_bytes(folder / "train/ant/notes.txt", {'x'});
  write_bytes(folder / "train/ant/.hidden.png", {'x'});
  const Splits data = load_splits(text(folder, "size=4"));
  CHECK(data.train.class_names == std::vector<std::string>{"ant", "zebra"});
  CHECK(data.train.labels == std::vector<std::int32_t>{0, 1, 1});
  CHECK(data.train.image(0)[5] == 200);
  CHECK(data.train.image(1)[0] == 10);
  CHECK(data.test.labels == std::vector<std::int32_t>{1});
  CHECK(data.test.image(0)[15] == 30);
  CHECK(data.test.mean == data.train.mean);
  const Dataset colour = load_dataset(text(folder, "size=4, gray=false"), Split::train);
  CHECK(colour.channels == 3);
  CHECK(colour.image_size() == 48);
}

TEST_CASE("without halves of its own each image's name decides, once and for all") {
  const TempFolder folder;
  for (int i = 0; i < 100; ++i)
    write_picture(folder / ("a/" + std::to_string(i) + ".png"), static_cast<std::uint8_t>(i));
  for (int i = 0; i < 100; ++i)
    write_picture(folder / ("b/" + std::to_string(i) + ".png"), static_cast<std::uint8_t>(100 + i));
  const Splits data = load_splits(text(folder, "size=4, test=0.3"));
  CHECK(data.train.count + data.test.count == 200);
  CHECK(data.test.count > 40);
  CHECK(data.test.count < 80);
  // No image is in both halves.
  std::vector<int> times(256);
  for (const Dataset* half : {&data.train, &data.test})
    for (Index i = 0; i < half->count; ++i) ++times[half->image(i)[0]];
  for (int value = 0; value < 200; ++value) CHECK(times[static_cast<std::size_t>(value)] == 1);
  // One image more moves no other.
  write_picture(folder / "a/extra.png", 250);
  const Splits more = load_splits(text(folder, "size=4, test=0.3"));
  CHECK(more.train.count + more.test.count == 201);
  CHECK(std::max(more.train.count - data.train.count, more.test.count - data.test.count) == 1);
}

TEST_CASE("what is wrong with an image folder is said with the path") {
  const TempFolder folder;
  const auto message = [&](const std::string& options) {
    try {
      load_splits(text(folder, options));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(message("size=4") == folder.path() + ": no sub-folders, expected one of images per class");
  fs::create_directory(folder / "empty");
  CHECK(message("size=4") == folder / "empty: no images, expected PNG, JPEG or BMP files");
  write_picture(folder / "empty/one.png", 5);
  CHECK(message("size=4").find("no image falls into the test half") != std::string::npos);
  write_bytes(folder / "empty/broken.png", {0x89, 'P', 'N', 'G', 1, 2, 3});
  CHECK(message("size=4").starts_with(folder /
                                      "empty/broken.png: cannot be read as a PNG, JPEG or BMP image ("));
  // A good header, nothing behind it.
  const Bytes picture(64 * 64, 7);
  int size = 0;
  unsigned char* png = stbi_write_png_to_mem(picture.data(), 0, 64, 64, 1, &size);
  REQUIRE(png != nullptr);
  write_bytes(folder / "empty/broken.png", Bytes(png, png + 40));
  // A header that promises 20000 x 20000 pixels.
  Bytes huge(png, png + size);
  for (const std::size_t at : {18u, 22u}) {
    huge[at] = 0x4e;
    huge[at + 1] = 0x20;
  }
  std::free(png);
  CHECK(message("size=4").starts_with(folder / "empty/broken.png: broken image ("));
  write_bytes(folder / "empty/broken.png", huge);
  CHECK(message("size=4") ==
        folder / "empty/broken.png: an image of 20000x20000 pixels is too large, at most 67108864 are read");
  CHECK_THROWS_WITH_AS(load_dataset("folder(/no/such)", Split::train),
                       "/no/such: no such folder, expected one sub-folder of images per class", Error);
  CHECK_THROWS_AS(read_image(folder / "none.png", 1, 4, 4), Error);

  const TempFolder halves;
  write_picture(halves / "train/cat/1.png", 1);
  write_picture(halves / "test/cta/1.png", 1);
  CHECK_THROWS_WITH_AS(
      load_splits(text(halves, "size=4")),
      (halves / "test: class 'cta' has no folder in " + (halves / "train") + "; did you mean 'cat'?").c_str(),
      Error);
}

TEST_CASE("whatever an image file holds, it is pixels or an Error, and the program lives") {
  const TempFolder folder;
  for (const char* name : {"a.png", "a.jpg", "a.bmp"}) {
    CAPTURE(name);
    const std::string path = folder / name;
    write_picture(path, 77, 9, 7);
    const Bytes whole = read_bytes(path);
    int refused = 0, tries = 0;
    for (std::size_t at = 0; at < whole.size(); at += 1 + whole.size() / 20)
      for (const int flip : {0x01, 0xff}) {
        Bytes changed = whole;
        changed[at] = static_cast<std::uint8_t>(changed[at] ^ flip);
        if (flip == 0xff) changed.resize(std::max(at, whole.size() / 2));
        write_bytes(path, changed);
        ++tries;
        try {
          const Bytes pixels = read_image(path, 3, 4, 4);
          CHECK(pixels.size() == 48);
        } catch (const Error& error) {
          CHECK(std::string(error.what()).starts_with(path + ": "));
          ++refused;
        }
      }
    CHECK(tries >= 30);
    CHECK(refused > 0);
  }
}

TEST_CASE("a JPEG that writes past stb_image's Huffman tables is a broken image") {
  const TempFolder folder;
  const std::string path = folder / "a.jpg";
  write_picture(path, 77, 9, 7);
  Bytes bytes = read_bytes(path);
  const Bytes marker = {0xff, 0xc4};
  const auto table = std::search(bytes.begin(), bytes.end(), marker.begin(), marker.end());
  REQUIRE(table != bytes.end());
  std::fill_n(table + 5, 16, std::uint8_t{255});  // 4080 codes where 256 have room
  write_bytes(path, bytes);
  CHECK_THROWS_WITH_AS(read_image(path, 1, 4, 4), doctest::Contains((path + ": ").c_str()), Error);
}
