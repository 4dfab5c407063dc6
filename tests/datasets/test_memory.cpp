// What data cost in memory: what they hold and 64 MiB, and in the process that decodes images 512 MiB beyond
// a file.
#include <doctest/doctest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fanin/core/error.hpp>
#include <fanin/core/sanitizer.hpp>
#include <fanin/datasets.hpp>

#include "datasets/idx.hpp"
#include "datasets/image_decoder.hpp"
#include "tests/datasets/files.hpp"
#include "tests/datasets/pictures.hpp"
#include "tests/message.hpp"

using namespace fanin;

namespace {

#if FANIN_ASAN || FANIN_TSAN
constexpr bool measures = false;  // sanitizers keep what is freed
#else
constexpr bool measures = true;
#endif

struct Peak {
  long own, children;  ///< MiB above what was there before, and of the largest child
};

/// The most memory that `action` has, in a process of its own; an Error in it is no matter.
template <class Action>
Peak peak_of(const Action& action) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  malloc_trim(0);
  const pid_t pid = fork();
  if (pid == 0) {
    const auto most = [](int who) {
      rusage usage{};
      getrusage(who, &usage);
      return usage.ru_maxrss / 1024;
    };
    const long before = most(RUSAGE_SELF);
    try {
      action();
    } catch (const Error&) {
    } catch (const std::exception&) {
      _exit(3);
    }
    const Peak peak{most(RUSAGE_SELF) - before, std::max(0L, most(RUSAGE_CHILDREN) - before)};
    _exit(write(ends[1], &peak, sizeof peak) == static_cast<ssize_t>(sizeof peak) ? 0 : 1);
  }
  close(ends[1]);
  Peak peak{-1, -1};
  const bool told = read(ends[0], &peak, sizeof peak) == static_cast<ssize_t>(sizeof peak);
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  CHECK(told);
  CHECK(status == 0);
  return peak;
}

/// gzip of an IDX file of so many bytes of images that no compressor makes smaller.
void write_large_gz(const std::string& path, std::size_t megabytes) {
  const gzFile file = gzopen(path.c_str(), "wb0");  // stored
  const Bytes header = idx({static_cast<std::uint32_t>(megabytes), 1024, 1024}, {});
  gzwrite(file, header.data(), static_cast<unsigned>(header.size()));
  const Bytes piece(1 << 20, 5);
  for (std::size_t i = 0; i < megabytes; ++i)
    gzwrite(file, piece.data(), static_cast<unsigned>(piece.size()));
  gzclose(file);
}

/// A PNG of zeros, row by row.
void write_large_png(const std::string& path, std::uint32_t side, int depth, int colour) {
  const int parts = colour == 2 ? 3 : colour == 6 ? 4 : colour == 4 ? 2 : 1;
  const Bytes row(static_cast<std::size_t>(side) * static_cast<std::size_t>(parts * depth / 8) + 1);
  Bytes packed;
  z_stream stream{};
  REQUIRE(deflateInit(&stream, 1) == Z_OK);
  Bytes buffer(1 << 16);
  for (std::uint32_t i = 0; i < side; ++i) {
    stream.next_in = const_cast<Bytef*>(row.data());
    stream.avail_in = static_cast<uInt>(row.size());
    do {
      stream.next_out = buffer.data();
      stream.avail_out = static_cast<uInt>(buffer.size());
      deflate(&stream, i + 1 == side ? Z_FINISH : Z_NO_FLUSH);
      packed.insert(packed.end(), buffer.begin(), buffer.end() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
  deflateEnd(&stream);
  const auto be = [](std::uint32_t v) {
    return Bytes{static_cast<std::uint8_t>(v >> 24), static_cast<std::uint8_t>(v >> 16),
                 static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)};
  };
  Bytes header = be(side);
  for (const std::uint8_t byte : be(side)) header.push_back(byte);
  for (const int part : {depth, colour, 0, 0, 0}) header.push_back(static_cast<std::uint8_t>(part));
  Bytes file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  for (const Bytes& chunk : {png_chunk("IHDR", header), png_chunk("IDAT", packed), png_chunk("IEND", {})})
    file.insert(file.end(), chunk.begin(), chunk.end());
  write_bytes(path, file);
}

}  // namespace

TEST_CASE("a large packed IDX file takes what it holds and 64 MiB, not twice that") {
  if (!measures) return;
  const TempFolder folder;
  constexpr long size = 160;
  write_large_gz(folder / "images.gz", size);
  const Peak peak = peak_of(
      [&] { CHECK(datasets::read_idx(folder / "images.gz", 3).bytes.size() == std::size_t{size} << 20); });
  CHECK(peak.own >= size);  // it was read
  CHECK(peak.own <= size + 64);
}

TEST_CASE(
    "what an IDX header promises costs nothing before the data are there, and labels take what they become") {
  if (!measures) return;
  const TempFolder folder;
  constexpr std::uint32_t many = 16u << 20;
  const auto zeros = [&](const char* name, const Bytes& header, std::size_t bytes) {
    write_bytes(folder / name, header);
    std::filesystem::resize_file(folder / name, header.size() + bytes);
  };
  Bytes noise(3 << 20);
  std::uint32_t random = 1;
  for (auto& byte : noise) byte = static_cast<std::uint8_t>((random = random * 1664525u + 1013904223u) >> 24);
  zeros("labels", idx({64u << 20}, {}), std::size_t{64} << 20);
  write_gz(folder / "labels.gz", idx({64u << 20}, Bytes(std::size_t{64} << 20)));
  write_bytes(folder / "image", idx_images({1}, 1, 1, 1));
  write_gz(folder / "liar.gz", idx({2000, 1024, 1024}, noise));
  zeros("16Mi", idx({many, 1, 1}, {}), many);
  zeros("16Mi labels", idx({many}, {}), many);
  zeros("16Mi wide labels", {0, 0, 0x0c, 2, 1, 0, 0, 0, 0, 0, 0, 8}, std::size_t{many} * 32);
  zeros("2000", idx({2000}, {}), 2000);
  struct Row {
    const char *images, *labels;
    long most;
  };
  const Row rows[] = {{"image", "labels", 16},
                      {"image", "labels.gz", 16},
                      {"liar.gz", "2000", 16},
                      {"16Mi", "16Mi labels", 16 + 64 + 8},
                      {"16Mi", "16Mi wide labels", 16 + 64 + 8}};
  for (const auto& [the_images, the_labels, most] : rows) {
    const auto& images = the_images;  // clang 14 captures no structured binding
    const auto& labels = the_labels;
    CAPTURE(images);
    CAPTURE(labels);
    CHECK(peak_of([&] { datasets::read_idx_dataset(folder / images, folder / labels, 0); }).own <= most);
  }
  CHECK(holds(message([&] { datasets::read_idx(folder / "liar.gz", 3); }),
              "the header promises 2000x1024x1024 = 2097152000 bytes, there are 3145728"));
}

TEST_CASE("the largest PNG of 16 bits takes a few bytes a pixel, and only in the process that decodes it") {
  if (!measures) return;
  const TempFolder folder;
  write_large_png(folder / "large.png", 8192, 16, 2);
  const Peak peak = peak_of([&] {
    datasets::BadImages bad;
    const auto images = datasets::decode_images(
        1, [&](Index) { return folder / "large.png"; }, {.channels = 1, .height = 28, .width = 28}, bad);
    if (images.kept.size() != 1) throw std::runtime_error("not read");
  });
  CHECK(peak.own <= 16);
  CHECK(peak.children >= 64);  // a byte a pixel
  CHECK(peak.children <= 64 + 64);
}

TEST_CASE("an image that needs more memory than its process gets is a bad image, and the next one is read") {
  if (!measures) return;
  const TempFolder folder;
  // A progressive JPEG of 65 million pixels without subsampling would take 786 MiB.
  Bytes jpeg = {0xff, 0xd8, 0xff, 0xdb, 0, 67, 0};
  jpeg.resize(jpeg.size() + 64, 1);
  for (const std::uint8_t kind : {std::uint8_t{0x00}, std::uint8_t{0x10}}) {
    jpeg.insert(jpeg.end(), {0xff, 0xc4, 0, 20, kind, 1});
    jpeg.resize(jpeg.size() + 16, 0);
  }
  jpeg.insert(jpeg.end(),
              {0xff, 0xc2, 0, 17, 8, 0x1f, 0xf0, 0x1f, 0xf0, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0});
  jpeg.insert(jpeg.end(), {0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0xff, 0xd9});
  write_bytes(folder / "a.jpg", jpeg);
  write_bytes(folder / "b.png", PngPicture{1, 1, 8, 0, {7}}.bytes());
  datasets::BadImages bad;
  const std::vector<std::string> paths = {folder / "a.jpg", folder / "b.png"};
  const auto images = datasets::decode_images(
      2, [&](Index i) { return paths[static_cast<std::size_t>(i)]; },
      {.channels = 3, .height = 1, .width = 1}, bad);
  CHECK(images.kept == std::vector<Index>{1});
  REQUIRE(bad.count == 1);
  CHECK(bad.messages[0] == paths[0] + ": it takes more than 512 MiB to decode");
}

TEST_CASE("a folder of many files takes its names and its images") {
  if (!measures) return;
  const TempFolder folder;
  constexpr int count = 20000;
  for (const char* name : {"a", "b"}) {
    std::filesystem::create_directory(folder / name);
    for (int i = 0; i < count / 2; ++i)
      std::ofstream(folder / (std::string(name) + "/" + std::string(200, 'n') + std::to_string(i) + ".txt"));
  }
  const Peak peak = peak_of([&] { datasets::load_sets("folder(" + folder.path() + ")"); });
  CHECK(peak.own <= 16);
}

TEST_CASE("absurd sizes are refused before anything is made") {
  for (const char* text :
       {"synthetic(count=10000000, size=512)", "synthetic(count=10000001)", "synthetic(classes=100000)",
        "synthetic(size=100000)", "synthetic(count=5000000, size=28, channels=3)", "folder(/tmp, size=4097)",
        "idx(/tmp, classes=100000)"}) {
    CAPTURE(text);
    const Peak peak = peak_of([&] { datasets::load_sets(text); });
    CHECK(peak.own <= 8);
    CHECK(message([&] { datasets::load_sets(text); }) != "no error");
  }
}
