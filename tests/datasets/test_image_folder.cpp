#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image_write.h>
#pragma GCC diagnostic pop

#include <fanin/core/error.hpp>
#include <fanin/core/expression.hpp>

#include "datasets/image_folder.hpp"
#include "tests/datasets/files.hpp"
#include "tests/datasets/pictures.hpp"
#include "tests/message.hpp"

using namespace fanin;
namespace fs = std::filesystem;

namespace {

datasets::ImageForm form(Index channels, Index height, Index width) {
  return {.channels = channels, .height = height, .width = width};
}

}  // namespace

TEST_CASE("read_image gives planes of the channels and size asked for") {
  const TempFolder folder;
  const Bytes rgb = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30};  // 2x2: red, green, blue, dark
  stbi_write_png((folder / "a.png").c_str(), 2, 2, 3, rgb.data(), 0);
  CHECK(datasets::read_image(folder / "a.png", form(3, 2, 2)) ==
        Bytes{255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30});
  const Bytes gray = datasets::read_image(folder / "a.png", form(1, 2, 2));
  CHECK(gray == Bytes{76, 149, 28, 18});  // stb_image's luma: (77 R + 150 G + 29 B) / 256
  CHECK(datasets::read_image(folder / "a.png", form(3, 5, 7)).size() == 3 * 5 * 7);
  for (const char* name : {"b.png", "b.bmp", "b.jpg"}) {
    CAPTURE(name);
    write_picture(folder / name, 120, 9, 6);
    for (const int pixel : datasets::read_image(folder / name, form(1, 4, 4)))
      CHECK(std::abs(pixel - 120) <= 2);
  }
}

TEST_CASE("files that are not read are counted, by their endings") {
  const TempFolder folder;
  for (const char* name : {"a", "b"})
    for (const char* file : {"/1.png", "/2.png"}) write_picture(folder / (name + std::string(file)), 9);
  for (const char* file : {"a/1.webp", "a/2.WEBP", "b/3.webp", "b/notes.txt", "b/README", "b/.DS_Store"})
    write_bytes(folder / file, {'x'});
  fs::create_directory(folder / "a/old");
  const auto notes = datasets::load_sets(folder_text(folder, "size=4")).notes();
  REQUIRE(notes.size() == 2);
  CHECK(
      notes[0] ==
      folder.path() +
          ": 5 files are left out, since only PNG, JPEG, GIF or BMP images are read: 3 .webp, 1 .txt, 1 without an ending");
  CHECK(notes[1] == folder.path() + ": 1 folder within a class folder is left out");
  fs::create_directory(folder / "c");
  write_bytes(folder / "c/1.heic", {'x'});
  CHECK(message([&] { datasets::load_sets(folder_text(folder, "size=4")); }) ==
        folder / "c: no images, expected PNG, JPEG, GIF or BMP files; it holds 1 .heic");
}

TEST_CASE("images that cannot be read are all named at once, or left out with a count") {
  const TempFolder folder;
  for (const char* name : {"train/a", "train/b", "test/a", "test/b"})
    for (const char* file : {"/1.png", "/2.png", "/3.png"})
      write_picture(folder / (name + std::string(file)), 9);
  for (const char* file : {"train/a/2.png", "train/b/1.png", "test/b/3.png"}) {
    Bytes bytes = read_bytes(folder / file);
    bytes.resize(bytes.size() / 2);
    write_bytes(folder / file, bytes);
  }
  const std::string all = message([&] { datasets::load_sets(folder_text(folder, "size=4")); });
  CHECK(all.starts_with("3 of 12 images cannot be read: " + (folder / "train/a/2.png: broken image (")));
  CHECK(holds(all, folder / "train/b/1.png: "));
  CHECK(holds(all, folder / "test/b/3.png: "));
  CHECK(holds(all, "skip_bad=true"));
  CHECK(message([&] {
          datasets::load_dataset(folder_text(folder, "size=4"), datasets::Split::test);
        }).starts_with("3 of 12 images cannot be read: " + (folder / "test/b/3.png")));
  CHECK(holds(message([&] { datasets::with_bad_images_skipped(folder_text(folder, "skip_bad=false")); }),
              "says skip_bad=false; leave one of them out"));
  CHECK(datasets::with_bad_images_skipped(folder_text(folder, "skip_bad=true")) ==
        folder_text(folder, "skip_bad=true"));
  const std::string skipping = datasets::with_bad_images_skipped(folder_text(folder, "size=4"));
  const data::Sets data = datasets::load_sets(skipping);
  CHECK(data.training.name == "folder(" + folder.path() + ", size=4, skip_bad=true)");
  CHECK(data.training.class_counts() == std::vector<Index>{2, 2});
  CHECK(data.test.class_counts() == std::vector<Index>{3, 2});
  CHECK(data.training.labels == std::vector<std::int32_t>{0, 0, 1, 1});
  REQUIRE(data.notes().size() == 2);
  CHECK(data.notes()[0].starts_with("2 of 6 training images cannot be read and are left out (skip_bad): " +
                                    (folder / "train/a/2.png")));
  CHECK(data.notes()[1].starts_with("1 of 6 test images cannot be read"));
  // Not until a class has none.
  for (const char* file : {"train/b/2.png", "train/b/3.png"}) write_bytes(folder / file, {'x'});
  CHECK(holds(message([&] { datasets::load_sets(skipping); }),
              "class 'b' has no training image that can be read"));
  CHECK_THROWS_AS(datasets::with_bad_images_skipped("mnist"), Error);
}

TEST_CASE("a folder's images show the background that its text names, and predict asks the text for it") {
  const TempFolder folder;
  for (const char* name : {"a", "b"})
    for (const char* file : {"1.png", "2.png"}) {
      fs::create_directories(folder / name);
      write_bytes(folder / (std::string(name) + "/" + file), PngPicture{1, 1, 8, 4, {7, 0}}.bytes());
    }
  CHECK(datasets::load_sets(folder_text(folder, "size=1")).training.images == Bytes{255, 255});
  CHECK(datasets::load_sets(folder_text(folder, "size=1, background=black")).training.images == Bytes{0, 0});
  CHECK(datasets::load_sets(folder_text(folder, "size=1, background=40")).training.images == Bytes{40, 40});
  CHECK(message([&] {
          datasets::load_sets(folder_text(folder, "size=1, background=pink"));
        }).find("background = 'pink' must be white") != std::string::npos);
  CHECK(datasets::background_of("folder(/no/such, background=black)") == datasets::Background{0, 0, 0});
  for (const char* other : {"folder(/x)", "mnist", "", "f(((", "folder(/x, background=pink)"})
    CHECK(datasets::background_of(other) == datasets::Background{});
}

TEST_CASE("a path with a comma or an equals sign is a data set like any other") {
  const TempFolder root;
  for (const char* name : {"cats, dogs", "lr=0.1", "a (b", "say \"x\""}) {
    CAPTURE(name);
    for (const char* file : {"/a/1.png", "/a/2.png", "/b/1.png", "/b/2.png"})
      write_picture(root / (name + std::string(file)), 9);
    const data::Sets data = datasets::load_sets("folder(" + value_text(root / name) + ", size=4)");
    CHECK(data.training.count == 2);
    // the name that is saved with a model
    CHECK(datasets::load_sets(data.training.name).training.images == data.training.images);
  }
  CHECK(datasets::load_sets("folder(" + (root / "lr=0.1") + ")").training.count == 2);
  CHECK(message([&] {
          datasets::load_sets("folder(" + (root / "cats, dogs") + ")");
        }).ends_with("; a path that holds a comma is put in quotes: folder(\"…\")"));
}

TEST_CASE("what is wrong with an image folder is said with the path") {
  const TempFolder folder;
  const auto message = [&](const std::string& options) {
    return ::message([&] { datasets::load_sets(folder_text(folder, options)); });
  };
  CHECK(message("size=4") == folder.path() + ": no sub-folders, expected one of images per class");
  fs::create_directory(folder / "empty");
  CHECK(message("size=4") == folder / "empty: no images, expected PNG, JPEG, GIF or BMP files");
  write_picture(folder / "empty/one.png", 5);
  CHECK(message("size=4").find("class 'empty' has one image") != std::string::npos);
  write_picture(folder / "empty/two.png", 5);
  write_bytes(folder / "empty/broken.png", {0x89, 'P', 'N', 'G', 1, 2, 3});
  CHECK(message("size=4").starts_with(folder /
                                      "empty/broken.png: cannot be read as a PNG, JPEG, GIF or BMP image ("));
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
  CHECK(
      message("size=4") ==
      folder /
          "empty/broken.png: an image of 20000x20000 pixels is too large, at most 67108864 are read; --skip-bad, or "
          "skip_bad=true as in folder(PATH, skip_bad=true), leaves such images out");
  CHECK_THROWS_WITH_AS(datasets::load_dataset("folder(/no/such)", datasets::Split::train),
                       "/no/such: no such folder, expected one sub-folder of images per class", Error);
  CHECK_THROWS_AS(datasets::read_image(folder / "none.png", form(1, 4, 4)), Error);

  const TempFolder halves;
  write_picture(halves / "train/cat/1.png", 1);
  write_picture(halves / "test/cta/1.png", 1);
  CHECK_THROWS_WITH_AS(
      datasets::load_sets(folder_text(halves, "size=4")),
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
          const Bytes pixels = datasets::read_image(path, form(3, 4, 4));
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
  CHECK_THROWS_WITH_AS(datasets::read_image(path, form(1, 4, 4)), doctest::Contains((path + ": ").c_str()),
                       Error);
}
