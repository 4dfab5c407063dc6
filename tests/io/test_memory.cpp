// What reading costs in memory: never more than the file's size and 64 MiB, and to load a model the model and
// one tensor.
#include <doctest/doctest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "framework/core/memory.hpp"
#include "framework/core/parallel.hpp"
#include "framework/io/safetensors.hpp"
#include "framework/io/state_dict.hpp"
#include "framework/nn/linear.hpp"
#include "framework/nn/sequential.hpp"
#include "tests/io/parse_message.hpp"
#include "tests/io/scratch.hpp"
#include "tests/io/zip_bytes.hpp"

using namespace fanin;

namespace {

std::string repeated(std::size_t times, const std::string& text) {
  std::string out;
  out.reserve(times * text.size());
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string pickle(const std::string& code) {
  const std::string start = "\x80\2\x8a\x0a" + std::string("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 11) +
                            "\x80\2M" + u16(1001) + ".\x80\2}.";
  return start + "\x80\2" + code;
}

std::string safetensors(const std::string& header) { return u64(header.size()) + header; }

std::string listed(std::size_t count, const std::function<std::string(std::size_t)>& item) {
  std::string out = "{";
  for (std::size_t i = 0; i < count; ++i) out += (i > 0 ? "," : ""), out += item(i);
  return out + "}";
}

}  // namespace

TEST_CASE("memory: the watch sees what is allocated, and forgets what is freed") {
  if (!counts_allocations()) return;
  const MemoryWatch watch;
  for (int i = 0; i < 3; ++i) std::string(5'000'000, 'x').swap(*std::make_unique<std::string>());
  CHECK(watch.peak() >= 5'000'000);
  CHECK(watch.peak() < 10'000'000);
  CHECK(message_of("", [] { std::vector<char>(allowed_memory + 1'000'000, 'x'); }).find("0 bytes cost") == 0);
}

TEST_CASE("memory: what a C library allocates is counted too") {
  if (!counts_allocations()) return;
  const MemoryWatch watch;
  const std::uint64_t before = heap_allocations();
  z_stream stream{};
  REQUIRE(deflateInit(&stream, 6) == Z_OK);
  CHECK(heap_allocations() > before);
  CHECK(watch.peak() > 200'000);  // its window and tables (zconf.h)
  deflateEnd(&stream);
  void* block = std::calloc(10, 100'000);
  block = std::realloc(block, 3'000'000);
  CHECK(watch.peak() >= 3'000'000);
  std::free(block);
  const MemoryWatch after;
  CHECK(after.peak() == 0);
}

TEST_CASE("memory: the greediest files cost no more than their size and 64 MiB") {
  const std::string zeros(49'000'000, '\0'), packed = deflated(zeros);
  const auto named = [](std::size_t i) { return fmt::format("\"{}\"", i); };
  const std::pair<const char*, std::string> files[] = {
      {"as many tensors as are allowed", safetensors(listed(max_tensors, [&](std::size_t i) {
         return named(i) + R"(:{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
       }))},
      {"many tensors of 32 dimensions", safetensors(listed(max_tensors, [&](std::size_t i) {
         return named(i) + R"(:{"dtype":"U8","shape":[0)" + repeated(31, ",0") + R"(],"data_offsets":[0,0]})";
       }))},
      {"metadata without end", safetensors(R"({"__metadata__":)" + listed(100'000, [&](std::size_t i) {
                                             return named(i) + R"(:"")";
                                           }) + "}")},
      {"one long metadata text", safetensors(R"({"__metadata__":{"a":")" + std::string(30'000'000, 'x') + "\"}}")},
      {"one long name", safetensors("{\"" + std::string(30'000'000, 'x') + "\":1}")},
      {"nothing but lists", pickle(repeated(1'500'000, "]"))},
      {"nothing but dicts, each thrown away", pickle(repeated(1'500'000, "}0"))},
      {"nothing but marks", pickle(repeated(1'500'000, "("))},
      {"nothing but numbers", pickle("(" + repeated(1'500'000, "K\1"))},
      {"one number memoized again and again", pickle("K\1" + repeated(1'500'000, "\x94"))},
      {"one list doubled", pickle("(" + repeated(2'000'000, "N") + "l" + repeated(1'000'000, "2"))},
      {"members without end", [] {
         std::vector<ZipPart> parts;
         for (std::size_t i = 0; i < 65'000; ++i) parts.push_back({.name = fmt::format("{}.npy", i), .data = ""});
         return zip_of(parts);
       }()},
      {"a bomb just within bounds",
       zip_of({{.name = "a.npy", .data = packed, .method = 8, .size = zeros.size(), .crc = crc_of(zeros)}})},
      {"a bomb just past them",
       zip_of({{.name = "a.npy", .data = packed, .method = 8, .size = zeros.size() + 2'000'000, .crc = 0}})},
  };
  for (const auto& [what, file] : files) {
    CAPTURE(what);
    CHECK(parse_message(file).find("of memory") == std::string::npos);
  }
}

TEST_CASE("memory: loading a large file takes the model's memory and one tensor more") {
  if (!counts_allocations()) return;  // a sanitizer has memory of its own
  // 13 tensors of 16 MiB, 208 MiB in all, in a file that is one hole: it takes no place on the disk.
  constexpr Index count = 13, side = 2048;
  constexpr std::size_t tensor_bytes = sizeof(float) * side * side;
  const Scratch scratch;
  const std::string header = listed(count, [&](std::size_t i) {
    return fmt::format(R"("{}.weight":{{"dtype":"F32","shape":[{},{}],"data_offsets":[{},{}]}})", i, side,
                       side, i * tensor_bytes, (i + 1) * tensor_bytes);
  });
  const std::string path = scratch / "big.safetensors";
  std::ofstream(path, std::ios::binary) << safetensors(header);
  std::filesystem::resize_file(path, 8 + header.size() + count * tensor_bytes);

  // In a process of its own, whose peak is not another test's.
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    set_threads(1);
    const auto resident = [](const char* field) {
      std::ifstream status("/proc/self/status");
      for (std::string line; std::getline(status, line);) {
        if (line.starts_with(field)) return std::stol(line.substr(line.find(':') + 1));
      }
      return -1L;
    };
    pool_trim();
    ::malloc_trim(0);  // what this process holds unused is not there to be used again
    std::ofstream("/proc/self/clear_refs") << 5;  // the peak so far is forgotten
    const long before = resident("VmRSS");
    nn::Sequential net;
    for (Index i = 0; i < count; ++i)
      net.add(std::to_string(i), nn::Linear({.in = side, .out = side, .bias = false}));
    const bool whole = load_state_dict(net, read_tensor_file(path)).count(WarmStart::Status::loaded) == count;
    const long grown = whole ? resident("VmHWM") - before : -1;
    if (::write(ends[1], &grown, sizeof grown) != sizeof grown) ::_exit(1);
    ::_exit(0);
  }
  long kilobytes = -1;
  CHECK(::read(ends[0], &kilobytes, sizeof kilobytes) == sizeof kilobytes);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(ends[0]), ::close(ends[1]);
  const auto grown = static_cast<double>(kilobytes) * 1024;
  CAPTURE(kilobytes);
  CHECK(grown >= static_cast<double>((count - 1) * tensor_bytes));  // the model itself is there
  CHECK(grown <= static_cast<double>((count + 1) * tensor_bytes + (8 << 20)));
}
