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

#include <fanin/core/memory.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/start/state_dict.hpp>

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

std::string torch(const std::string& code) {
  return zip_of({{.name = "m/data.pkl", .data = "\x80\2" + code + "."},
                 {.name = "m/data/0", .data = std::string(12, '\0')}});
}

std::string text(const std::string& value) { return "X" + u32(value.size()) + value; }

/// A dict of tensors that share one memoized call: two values each.
std::string views(std::size_t count, std::size_t rank, std::size_t name) {
  std::string out = "(" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + "K\3tQq" +
                    std::string(1, '\0') + "0ctorch._utils\n_rebuild_tensor_v2\nq\1" + "0(h" +
                    std::string("\0K\0", 3) + "(" + repeated(rank, "K\1") + "t(" + repeated(rank, "K\2") +
                    "ttq\2" + "0}(";
  for (std::size_t i = 0; i < count; ++i) out += text(fmt::format("{:0{}}", i, name)) + "h\1h\2R";
  return out + "u";
}

/// Arrays of `bytes` that all have the same memoized text for their bytes.
std::string pickle_of_arrays(std::size_t bytes, std::size_t count) {
  std::string out = "\x80\2" + text(std::string(bytes, 'a')) + "q" + std::string(1, '\0') +
                    "0cnumpy\ndtype\n" + text("u1") + "\x89\x88\x87Rq\1" + "0](";
  for (std::size_t i = 0; i < count; ++i) {
    out += "cnumpy.core.numeric\n_frombuffer\n(c_codecs\nencode\nh" + std::string(1, '\0') + text("latin1") +
           "\x86Rh\1J" + u32(bytes) + "\x85" + text("C") + "tR";
  }
  return out + "e.";
}

std::string field(std::size_t number, const std::string& value) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  for (std::size_t size = value.size();; size >>= 7) {
    out += static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
    if (size <= 0x7f) break;
  }
  return out + value;
}

std::string onnx(std::size_t count, std::size_t rank) {
  std::string graph;
  for (std::size_t i = 0; i < count; ++i)
    graph +=
        field(5, repeated(rank, std::string("\x08\0", 2)) + "\x10\1" + field(8, fmt::format("{:0100}", i)));
  return field(7, graph);
}

std::string onnx_constants(std::size_t count) {
  std::string graph;
  for (std::size_t i = 0; i < count; ++i)
    graph += field(1, field(2, fmt::format("c{}", i)) + field(4, "Constant") +
                          field(5, field(1, "value_ints") + repeated(20, "\x40\1")));
  return field(7, graph);
}

std::string onnx_constant(std::size_t integers) {
  return field(7, field(1, field(2, "c") + field(4, "Constant") +
                               field(5, field(1, "value_ints") + field(8, std::string(integers, '\1')))));
}

std::string safetensors(const std::string& header) { return u64(header.size()) + header; }

std::string listed(std::size_t count, const std::function<std::string(std::size_t)>& item) {
  std::string out = "{";
  for (std::size_t i = 0; i < count; ++i) out += (i > 0 ? "," : ""), out += item(i);
  return out + "}";
}

/// What nobody looks at, clang does not allocate.
void keep(const void* block) {
  const void* volatile kept = block;
  static_cast<void>(kept);
}

}  // namespace

TEST_CASE("memory: the watch sees what is allocated, and forgets what is freed") {
  if (!counts_allocations()) return;
  const MemoryWatch watch;
  for (int i = 0; i < 3; ++i) std::string(5'000'000, 'x').swap(*std::make_unique<std::string>());
  CHECK(watch.peak() >= 5'000'000);
  CHECK(watch.peak() < 10'000'000);
  CHECK(message_of("", [] {
          keep(std::vector<char>(allowed_memory + 1'000'000, 'x').data());
        }).find("0 bytes cost") == 0);
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
  keep(block);
  block = std::realloc(block, 3'000'000);
  keep(block);
  CHECK(watch.peak() >= 3'000'000);
  std::free(block);
  const MemoryWatch after;
  CHECK(after.peak() == 0);
}

TEST_CASE("memory: the greediest files cost no more than their size and 64 MiB") {
  const std::string zeros(32'000'000, '\0'), packed = deflated(zeros);
  const auto named = [](std::size_t i) { return fmt::format("\"{}\"", i); };
  const std::pair<const char*, std::string> files[] = {
      {"as many tensors as are allowed", safetensors(listed(io::max_tensors, [&](std::size_t i) {
         return named(i) + R"(:{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
       }))},
      {"many tensors of 32 dimensions", safetensors(listed(io::max_tensors, [&](std::size_t i) {
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
      {"65,536 long names", safetensors(listed(io::max_tensors, [&](std::size_t i) {
         return fmt::format(R"("{:0500}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", i);
       }))},
      {"as many names as their records may take", safetensors(listed(60'000, [&](std::size_t i) {
         return fmt::format(R"("{:0100}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", i);
       }))},
      {"65,000 arrays", [] {
         std::vector<ZipPart> parts;
         const std::string array = npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }\n", "");
         for (std::size_t i = 0; i < 65'000; ++i) parts.push_back({.name = fmt::format("{}.npy", i), .data = array});
         return zip_of(parts);
       }()},
      {"65,000 deflated arrays of 32 dimensions", [] {
         std::vector<ZipPart> parts;
         const std::string array = npy_of("{'descr': '<f4', 'fortran_order': True, 'shape': (" + repeated(31, "1,") + "0,), }\n", "");
         const std::string squeezed = deflated(array);
         for (std::size_t i = 0; i < 65'000; ++i) {
           parts.push_back({.name = fmt::format("{:0100}.npy", i), .data = squeezed, .method = 8, .size = array.size(), .crc = crc_of(array)});
         }
         return zip_of(parts);
       }()},
      {"60,000 views of one storage", torch(views(60'000, 1, 5))},
      {"60,000 views of 32 dimensions under long names", torch(views(60'000, 32, 200))},
      {"60,000 opaque objects", torch("(" + repeated(60'000, "cevil\nClass\n)\x81}b") + "t")},
      {"200,000 globals", torch("(" + repeated(199'000, "ca\nb\n") + "t")},
      {"objects in objects", torch("cevil\nClass\n" + repeated(100'000, ")\x81") + "}b")},
      {"dicts that hold each other", torch("}q" + std::string(1, '\0') + repeated(90'000, "}h" + std::string(1, '\0') + "0"))},
      {"latin-1 text decoded again and again", pickle_of_arrays(2'000'000, 5'000)},
      {"one list doubled by what is pushed", torch("](" + repeated(499'000, "NNN0") + "e")},
      {"a memo filled to its end", torch("N" + repeated(199'999, "\x94") + "r" + u32(199'999))},
      {"ONNX: as many tensors as are allowed", onnx(io::max_tensors, 1)},
      {"ONNX: 60,000 tensors of 32 dimensions", onnx(60'000, 32)},
      {"ONNX: constants", onnx_constants(60'000)},
      {"ONNX: a constant whose integers swell", onnx_constant(20'000'000)},
      {"ONNX: a constant whose integers just fit", onnx_constant(4'700'000)},
      {"MessagePack without end", "\xdf" + std::string(4, '\xff') + "\xa1" + repeated(5'000'000, "a")},
      {"a JSON text", "{" + std::string(20'000'000, ' ')},
      {"a protobuf of many fields", repeated(10'000'000, std::string("\x08\1", 2))},
      {"a bomb just within bounds",
       zip_of({{.name = "a.npy", .data = packed, .method = 8, .size = zeros.size(), .crc = crc_of(zeros)}})},
      {"a bomb just past them",
       zip_of({{.name = "a.npy", .data = packed, .method = 8, .size = zeros.size() + 2'000'000, .crc = 0}})},
  };
  for (const auto& entry : files) {
    const auto& what = entry.first;
    const auto& file = entry.second;
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
    const bool whole = start::load_state_dict(net, io::read_tensor_file(path))
                           .count(start::WarmStartReport::Status::loaded) == count;
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
