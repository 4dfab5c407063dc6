#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fanin/core/fail.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/writable.hpp>

#include "tests/io/scratch.hpp"

using namespace fanin;

namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void save(const std::string& path, const std::string& text) {
  io::write_atomically(path, [&](io::AtomicWriter& writer) { writer.write(text); });
}

std::size_t files_in(const std::string& folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    count += entry.is_regular_file() ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("an atomic write replaces the whole file and keeps its permissions") {
  const Scratch scratch;
  const std::string path = scratch / "a.bin";
  save(path, "old and longer");
  ::chmod(path.c_str(), 0640);
  const std::string large(3'000'000, 'x');
  io::write_atomically(path, [&](io::AtomicWriter& writer) {
    writer.write("new:");
    writer.write(large);
    writer.write("!");
    CHECK(writer.written() == large.size() + 5);
  });
  CHECK(contents(path) == "new:" + large + "!");
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::all) ==
        static_cast<std::filesystem::perms>(0640));
  CHECK(files_in(scratch.folder()) == 1);
}

TEST_CASE("an atomic write through a symbolic link replaces the file it points to") {
  const Scratch scratch;
  save(scratch / "real.bin", "old");
  std::filesystem::create_symlink("real.bin", scratch / "link.bin");
  save(scratch / "link.bin", "new");
  CHECK(std::filesystem::is_symlink(scratch / "link.bin"));
  CHECK(contents(scratch / "real.bin") == "new");
}

TEST_CASE("a failing body leaves the old file and no temporary one") {
  const Scratch scratch;
  const std::string path = scratch / "a.bin";
  save(path, "old");
  CHECK_THROWS_AS(io::write_atomically(path,
                                       [](io::AtomicWriter& writer) {
                                         writer.write("half of the n");
                                         fail("the model is on fire");
                                       }),
                  Error);
  CHECK(contents(path) == "old");
  CHECK(files_in(scratch.folder()) == 1);
}

TEST_CASE("an atomic write to a folder, a missing folder or no name is an error that names it") {
  const Scratch scratch;
  CHECK_THROWS_WITH_AS(save(scratch.folder(), "x"), doctest::Contains("not a regular file"), Error);
  CHECK_THROWS_WITH_AS(save(scratch / "none/a.bin", "x"), doctest::Contains("none/a.bin: cannot create"),
                       Error);
  CHECK_THROWS_AS(save("", "x"), Error);
}

TEST_CASE("a full disk while saving is an error and the old file stays") {
  const Scratch scratch;
  const std::string path = scratch / "a.bin";
  save(path, "old");
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100'000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::string message;
  try {
    save(path, std::string(1'000'000, 'n'));
  } catch (const Error& error) {
    message = error.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  CHECK(message == path + ": cannot write (the old file, if any, is untouched): File too large");
  CHECK(contents(path) == "old");
  CHECK(files_in(scratch.folder()) == 1);
}

TEST_CASE("killed at random moments while saving, 200 times: the old or the new file is there, whole") {
  const Scratch scratch;
  const std::string path = scratch / "a.bin";
  const auto version = [](unsigned i) { return std::string(60'000 + i, static_cast<char>('a' + i % 26)); };
  const auto start = std::chrono::steady_clock::now();
  for (unsigned i = 0; i < 5; ++i) save(path, version(0));
  const std::chrono::duration<double> five = std::chrono::steady_clock::now() - start;
  const double longest =
      std::clamp(five.count() * 3e6 / 5, 2e3, 50e3);  // microseconds: three saves on this machine now
  std::uint32_t random = 12345;
  int torn = 0, renewed = 0;
  for (unsigned i = 1; i <= 200; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        for (unsigned round = 0;; ++round) save(path, version(i + 200 * (round % 2)));
      } catch (...) {
        ::_exit(1);
      }
    }
    random = random * 1664525u + 1013904223u;
    ::usleep(static_cast<useconds_t>(longest * random / 0x1p32));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::string found = contents(path);
    const auto written = static_cast<unsigned>(found.size() - 60'000);
    if (found.size() < 60'000 || found != version(written)) ++torn;
    if (written == i || written == i + 200) ++renewed;
  }
  io::remove_abandoned(scratch.folder());
  CHECK(files_in(scratch.folder()) == 1);  // what the killed left is gone
  CHECK(torn == 0);
  CHECK(renewed > 0);  // else every child died before its first rename and the test saw nothing
}

namespace {

/// A child process that writes to `path`, and stops in the middle of it; returns once it is there.
pid_t stopped_writer(const std::string& path) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(30);
    io::write_atomically(path, [&](io::AtomicWriter& writer) {
      writer.write("half");
      static_cast<void>(!::write(ends[1], "x", 1));
      while (true) ::pause();
    });
  }
  char one = 0;
  REQUIRE(::read(ends[0], &one, 1) == 1);
  ::close(ends[0]);
  ::close(ends[1]);
  return child;
}

void end(pid_t child) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace

TEST_CASE(
    "what a killed writer left goes with the next write, what a living one writes and strangers' files stay") {
  const Scratch scratch;
  // Names that look like those of temporary files, as other programs and people give them.
  for (const char* name : {"a.bin.tmp.Ab12cd", "a.bin.tmp", "a.bin.tmp.fanin-", "a.bin.tmp.fanin-Ab12c",
                           "a.bin.tmp.fanin-Ab12cd.bak", ".tmp.fanin-Ab12cd"})
    std::ofstream(scratch / name) << "a stranger's";
  std::filesystem::create_directory(scratch / "b.tmp.fanin-Ab12cd");
  std::filesystem::create_symlink("a.bin.tmp", scratch / "c.tmp.fanin-Ab12cd");
  const std::size_t strangers = files_in(scratch.folder());

  const pid_t killed = stopped_writer(scratch / "a.bin"), living = stopped_writer(scratch / "other.bin");
  CHECK(files_in(scratch.folder()) == strangers + 2);
  io::remove_abandoned(scratch.folder());
  CHECK(files_in(scratch.folder()) == strangers + 2);  // both live
  end(killed);
  save(scratch / "third.bin", "new");
  CHECK(files_in(scratch.folder()) == strangers + 2);  // the living one's, and the third
  CHECK(contents(scratch / "third.bin") == "new");
  end(living);
  io::remove_abandoned(scratch.folder());
  CHECK(files_in(scratch.folder()) == strangers + 1);
  CHECK(std::filesystem::is_symlink(scratch / "c.tmp.fanin-Ab12cd"));
  CHECK(std::filesystem::is_directory(scratch / "b.tmp.fanin-Ab12cd"));
  io::remove_abandoned(scratch / "none");  // says nothing
  // Trying whether a file can be written clears as well, what an earlier try left too.
  for (const bool whole_folder : {false, true}) {
    for (const char* name : {"d.tmp.fanin-Ab12cd", ".try.tmp.fanin-Ab12cd"})
      std::ofstream(scratch / name) << "left";
    if (whole_folder)
      io::require_writable_folder(scratch.folder());
    else
      io::require_writable_file(scratch / "e.bin");
    CHECK(files_in(scratch.folder()) == strangers + 1);
  }
}
