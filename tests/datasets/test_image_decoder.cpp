// The process that decodes images: what it may do, and that nothing it answers does harm.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <fstream>

#include <fanin/core/error.hpp>

#include "datasets/image_decoder.hpp"
#include "datasets/sandbox.hpp"
#include "tests/datasets/files.hpp"
#include "tests/datasets/pictures.hpp"
#include "tests/datasets/refused_calls.hpp"
#include "tests/message.hpp"

using namespace fanin;

namespace {

const datasets::ImageForm form{.channels = 1, .height = 2, .width = 2};

Bytes gray_picture() {
  return PngPicture{.width = 2, .height = 2, .depth = 8, .colour = 0, .samples = {1, 2, 3, 4}}.bytes();
}

/// A decoder that takes each image and answers with these bytes, then `end`s where there is one.
datasets::DecoderBody answering(const std::string& bytes, int end = 0) {
  return [=](int socket, const datasets::ImageForm&) {
    std::uint64_t size = 0;
    Bytes content;
    if (write(socket, "\1", 1) != 1) return;
    while (read(socket, &size, sizeof size) == sizeof size) {
      content.resize(size);
      if (read(socket, content.data(), size) != static_cast<ssize_t>(size)) return;
      if (write(socket, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return;
      if (end == 0) continue;
      std::signal(end, SIG_DFL);  // not the test's own handler
      raise(end);
    }
  };
}

bool is_open(int file) { return fcntl(file, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("image decoder: an answer that is cut, of a wrong length or of no kind is a bad image") {
  const TempFolder folder;
  write_bytes(folder / "a.png", gray_picture());
  const auto path = [&](Index) { return folder / "a.png"; };
  const std::string pixels("p\1\2\3\4", 5), long_message("e\xff\xff\0\0", 5);
  struct Row {
    std::string answer;
    int end;
    const char* expected;
  };
  const Row rows[] = {{pixels.substr(0, 3), SIGSEGV, "its decoder died of signal 11"},
                      {pixels.substr(0, 3), SIGKILL, "it takes more than 30 s to decode"},
                      {std::string("e\x0a\0\0\0abc", 8), SIGABRT, "its decoder died of signal 6"},
                      {std::string("e\x0a\0", 3), SIGABRT, "its decoder died of signal 6"},
                      {"", SIGABRT, "its decoder died of signal 6"},
                      {long_message, 0, "its decoder gave an answer that makes no sense"},
                      {"x", 0, "its decoder gave an answer that makes no sense"}};
  for (const Row& row : rows) {
    CAPTURE(row.answer);
    CAPTURE(row.end);
    datasets::BadImages bad;
    CHECK(datasets::decode_images(2, path, form, bad, answering(row.answer, row.end)).kept.empty());
    CHECK(bad.count == 2);
    CHECK(bad.messages[1] == folder / "a.png" + ": broken image (" + row.expected + ")");
  }
  datasets::BadImages none;
  const auto right = datasets::decode_images(2, path, form, none, answering(pixels));
  CHECK(right.pixels == std::vector<std::uint8_t>{1, 2, 3, 4, 1, 2, 3, 4});
  // Bytes too many are taken for the next answer, and the decoder after it begins anew.
  datasets::BadImages odd{.skipped = true};
  CHECK(datasets::decode_images(4, path, form, odd, answering(pixels + "?")).kept ==
        std::vector<Index>{0, 2});
  CHECK(odd.count == 2);
  // A message is text from a stranger.
  datasets::BadImages escaped;
  datasets::decode_images(1, path, form, escaped, answering(std::string("e\4\0\0\0\x1b[2J", 9)));
  CHECK(escaped.messages == std::vector<std::string>{folder / "a.png" + "\\x1b[2J"});
}

TEST_CASE("image decoder: where the kernel refuses seccomp, images are read and it is said") {
  const TempFolder folder;
  write_bytes(folder / "a.png", gray_picture());
  const auto confined = [&] {
    datasets::BadImages bad;
    const auto images = datasets::decode_images(
        1, [&](Index) { return folder / "a.png"; }, form, bad);
    return images.kept.size() != 1 ? 3 : images.confined ? 1 : 2;
  };
  CHECK(confined() == 1);
  CHECK(code_where_calls_are_refused(confined) == 2);
}

TEST_CASE("image decoder: it closes every file but its socket, without close_range too") {
  const auto closes = [] {
    int last = -1;
    for (int i = 0; i < 40; ++i) last = open("/dev/null", O_RDONLY);
    const int kept = last - 7;
    datasets::enter_sandbox(kept);
    for (int file = STDERR_FILENO + 1; file <= last; ++file)
      if (is_open(file) != (file == kept)) return 4;
    return is_open(STDERR_FILENO) ? 0 : 5;
  };
  CHECK(code_where_calls_are_refused(closes) == 0);
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
  const datasets::ImageForm pixel{.channels = 1, .height = 1, .width = 1};
  datasets::BadImages bad{.skipped = true};
  CHECK(datasets::decode_images(27, kill_decoder, pixel, bad).kept == std::vector<Index>{25, 26});
  CHECK(bad.count == 25);
  datasets::BadImages ended;
  CHECK(holds(message([&] { datasets::decode_images(27, kill_decoder, pixel, ended); }),
              "20 images brought their decoder down"));
}
