// A weight file that another process cuts short or writes to while it is mapped is an Error that names it,
// not SIGBUS.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fanin/core/parallel.hpp>
#include <fanin/core/sanitizer.hpp>
#include <fanin/io/mapped_file.hpp>
#include <fanin/io/numpy_file.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"

namespace fanin {
namespace {

constexpr Index numbers = 1'000'000;

/// Two tensors of 4 MB each, in safetensors, NumPy's archive or, the first alone, NumPy's array.
std::string write_weights(const Scratch& scratch, io::FileFormat format) {
  const std::string path = scratch / (std::string("weights.") + name_of(format));
  io::TensorFile file;
  file.tensors.push_back(io::stored("a", Tensor::full({numbers}, 1)));
  if (format != io::FileFormat::npy) file.tensors.push_back(io::stored("b", Tensor::full({numbers}, 2)));
  io::write_tensor_file(path, file, format);
  return path;
}

void cut(const std::string& path, off_t size) { REQUIRE(::truncate(path.c_str(), size) == 0); }

bool names_it(const std::string& text, const std::string& path) {
  return holds(text, path) && holds(text, "cut short or written to");
}

TEST_CASE(
    "a file that is cut short once it is open is named by every way to read it, and others are not disturbed") {
  for (const io::FileFormat format :
       {io::FileFormat::safetensors, io::FileFormat::npz, io::FileFormat::npy}) {
    CAPTURE(std::string(name_of(format)));
    const Scratch scratch, elsewhere;
    const std::string path = write_weights(scratch, format), whole = write_weights(elsewhere, format);
    const io::TensorFile file = io::read_tensor_file(path), other = io::read_tensor_file(whole);
    const io::StoredTensor& tensor = file.tensors.back();
    cut(path, 5'000);
    std::vector<float> out(numbers);
    std::vector<std::byte> bytes(numbers * 4);
    CHECK(names_it(message([&] { tensor.to_floats(); }), path));
    CHECK(names_it(message([&] { tensor.read_all(out.data()); }), path));
    CHECK(names_it(message([&] { tensor.read(numbers / 2, 10, out.data()); }), path));
    CHECK(names_it(message([&] { tensor.read_bytes(0, numbers, bytes.data()); }), path));
    CHECK(names_it(message([&] { tensor.read_pieces(io::DType::f16, [](const std::byte*, std::size_t) {}); }),
                   path));
    CHECK(names_it(message([&] { io::write_tensor_file(elsewhere / "copy.npz", file, io::FileFormat::npz); }),
                   path));
    CHECK(!std::filesystem::exists(elsewhere / "copy.npz"));
    CHECK(other.tensors.back().to_floats() ==
          std::vector<float>(numbers, format == io::FileFormat::npy ? 1.f : 2.f));
  }
}

TEST_CASE(
    "what is cut off within a page, or written anew at the same size, raises no signal and is noticed all the same") {
  const Scratch scratch;
  const std::string path = write_weights(scratch, io::FileFormat::safetensors);
  const auto size = static_cast<off_t>(std::filesystem::file_size(path));
  const io::TensorFile before = io::read_tensor_file(path);
  cut(path, size - 4);
  CHECK(names_it(message([&] { before.at("b").to_floats(); }), path));
  cut(path, size);
  const io::TensorFile again = io::read_tensor_file(path);
  CHECK(again.at("b").to_floats()[0] == 2);
  // a file's time is as coarse as the system's clock
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(size / 4) << "other";
  CHECK(names_it(message([&] { again.at("a").to_floats(); }), path));
}

TEST_CASE("a file that another one replaces, or that is removed, can be read to its end") {
  const Scratch scratch, elsewhere;
  const std::string path = write_weights(scratch, io::FileFormat::safetensors),
                    next = write_weights(elsewhere, io::FileFormat::safetensors);
  const io::TensorFile file = io::read_tensor_file(path);
  std::filesystem::rename(next, path);
  CHECK(file.at("b").to_floats() == std::vector<float>(numbers, 2.f));
  std::filesystem::remove(path);
  CHECK(file.at("a").to_floats() == std::vector<float>(numbers, 1.f));
}

TEST_CASE("threads that read a file which is cut short meanwhile all get the Error, or the whole tensor") {
  const Scratch scratch;
  for (int round = 0; round < 5; ++round) {
    const std::string path = write_weights(scratch, io::FileFormat::safetensors);
    const io::TensorFile file = io::read_tensor_file(path);
    std::atomic<int> told{0}, wrong{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
      readers.emplace_back([&] {
        set_threads(2);
        for (int n = 0; n < 200; ++n) {
          try {
            const std::vector<float> values = file.at("b").to_floats();
            wrong +=
                static_cast<int>(std::count_if(values.begin(), values.end(), [](float x) { return x != 2; }));
          } catch (const Error& error) {
            if (names_it(error.what(), path)) ++told;
            return;
          }
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(round));
    cut(path, 10'000 * round);
    for (auto& reader : readers) reader.join();
    CHECK(told == 3);
    CHECK(wrong == 0);
  }
}

TEST_CASE(
    "a file cut short while its parts are looked for is named, whatever the parser makes of the zeros") {
  const Scratch scratch;
  const std::string path = write_weights(scratch, io::FileFormat::npz);
  const auto map = io::MappedFile::open(path);
  cut(path, 100);
  CHECK(names_it(
      message([&] { io::read_mapped(*map, [&] { return io::parse_tensor_file(map->bytes(), path, map); }); }),
      path));
}

/// The bytes of a mapping of our own, whose file is then cut short.
const volatile char* cut_mapping(const std::string& path) {
  std::ofstream(path) << std::string(100'000, 'x');
  const int descriptor = ::open(path.c_str(), O_RDONLY);
  const void* bytes = ::mmap(nullptr, 100'000, PROT_READ, MAP_PRIVATE, descriptor, 0);
  ::close(descriptor);
  cut(path, 0);
  return static_cast<const volatile char*>(bytes);
}

// Run by the test below, in a process of its own.
TEST_CASE("child: a fault in memory that is not ours" * doctest::skip()) {
  const Scratch scratch;
  if (std::getenv("FANIN_TEST_HANDLER") != nullptr) ::signal(SIGBUS, [](int) { ::_exit(7); });
  const auto map = io::MappedFile::open(write_weights(scratch, io::FileFormat::npy));
  const volatile char* bytes = cut_mapping(scratch / "other");
  std::filesystem::remove_all(scratch.folder());
  ::alarm(30);
  static_cast<void>(bytes[50'000]);
  ::_exit(0);
}

int status_of_that_child(bool handler) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (handler) ::setenv("FANIN_TEST_HANDLER", "1", 1);
    ::execl("/proc/self/exe", "tests", "-tc=child: a fault in memory that is not ours", "-ns", nullptr);
    ::_exit(9);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST_CASE("a fault in memory that is not ours goes where it would have gone without us") {
  const int handled = status_of_that_child(true);
  CHECK(WIFEXITED(handled));
  CHECK(WEXITSTATUS(handled) == 7);
#if !FANIN_ASAN && !FANIN_TSAN
  const int fatal = status_of_that_child(false);
  CHECK(WIFSIGNALED(fatal));
  CHECK(WTERMSIG(fatal) == SIGBUS);
#endif
}

}  // namespace
}  // namespace fanin
