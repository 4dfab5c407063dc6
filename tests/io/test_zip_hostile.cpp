#include <doctest/doctest.h>

#include <fanin/core/fail.hpp>
#include <fanin/io/numpy_file.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/zip.hpp>

#include "tests/io/parse_message.hpp"
#include "tests/io/zip_bytes.hpp"

using namespace fanin;

namespace {

const std::string array =
    npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", raw(1.5f) + raw(-2.0f));
const ZipPart good{.name = "a.npy", .data = array};

ZipPart named(const std::string& name) { return {.name = name, .data = array}; }

/// The archive of one good array, in zip64 form, with a given place for its zip64 end record.
std::string zip64(std::size_t shift) {
  const std::string facts = u16(45) + u16(0) + u16(0) + u32(0) + u32(crc_of(array));
  const std::string out =
      "PK\3\4" + facts + u32(array.size()) + u32(array.size()) + u16(5) + u16(0) + "a.npy" + array;
  const std::string directory = "PK\1\2" + u16(45) + facts + u32(0xffffffff) + u32(0xffffffff) + u16(5) +
                                u16(28) + u16(0) + u16(0) + u16(0) + u32(0) + u32(0xffffffff) + "a.npy" +
                                u16(1) + u16(24) + u64(array.size()) + u64(array.size()) + u64(0);
  const std::string end64 = "PK\6\6" + u64(44) + u16(45) + u16(45) + u32(0) + u32(0) + u64(1) + u64(1) +
                            u64(directory.size()) + u64(out.size());
  return out + directory + end64 + "PK\6\7" + u32(0) + u64(out.size() + directory.size() + shift) + u32(1) +
         "PK\5\6" + u16(0) + u16(0) + u16(0xffff) + u16(0xffff) + u32(0xffffffff) + u32(0xffffffff) + u16(0);
}

}  // namespace

TEST_CASE("zip: each way to be hostile has its message") {
  const std::string whole = zip_of({good});
  const std::string bomb = deflated(std::string(100'000'000, '\0'));
  const std::string squeezed = deflated(array);
  const std::size_t crc = crc_of(array);
  struct Row {
    std::string what, file, expected;
  };
  const Row rows[] = {
      {"only the magic", "PK\3\4", "f: 4 bytes are too few for a zip archive"},
      {"no central directory", whole.substr(0, 80),
       "f: a zip archive without a central directory; it is truncated or corrupt"},
      {"cut in the end record", whole.substr(0, whole.size() - 3),
       "f: a zip archive without a central directory; it is truncated or corrupt"},
      {"directory past the end", zip_of({good}, {.directory_bytes = 100'000}),
       "f: the zip archive's central directory at byte 111 passes its end at 184; it is truncated or "
       "corrupt"},
      {"directory over the end record", zip_of({good}, {.directory_bytes = 60}),
       "f: the zip archive's central directory overlaps what follows it"},
      {"fewer entries than said", zip_of({good}, {.entries = 3}),
       "f: the zip archive's central directory ends after 1 of 3 entries; it is truncated or corrupt"},
      {"more entries than said", zip_of({good, named("b.npy")}, {.entries = 1}),
       "f: the zip archive's central directory holds more than its 1 entries"},
      {"directory cut inside an entry", zip_of({good}, {.directory_bytes = 48}),
       "f: the zip archive's central directory ends inside entry 0; it is truncated or corrupt"},
      {"several disks", zip_of({good}, {.disk = 2}), "f: a zip archive of several disks"},
      {"encrypted", zip_of({{.name = "a.npy", .data = array, .flags = 1}}),
       "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' is encrypted"},
      {"strongly encrypted", zip_of({{.name = "a.npy", .data = array, .flags = 0x40}}),
       "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' is encrypted"},
      {"another method", zip_of({{.name = "a.npy", .data = array, .method = 12}}),
       "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' is compressed by method 12; only stored (0) and deflated (8) are supported"},
      {"a path that climbs", zip_of({named("../a.npy")}),
       "f: the zip entry '../a.npy' has a name that leaves the archive's folder"},
      {"a path that climbs inside", zip_of({named("x/../../a.npy")}),
       "f: the zip entry 'x/../../a.npy' has a name that leaves the archive's folder"},
      {"an absolute path", zip_of({named("/etc/a.npy")}),
       "f: the zip entry '/etc/a.npy' has a name that leaves the archive's folder"},
      {"a drive", zip_of({named("C:a.npy")}),
       "f: the zip entry 'C:a.npy' has a name that leaves the archive's folder"},
      {"a backslash", zip_of({named("..\\a.npy")}),
       "f: the zip entry '..\\a.npy' has a name that leaves the archive's folder"},
      {"no name", zip_of({named("")}), "f: the zip entry '' has a name that leaves the archive's folder"},
      {"a NUL in the name", zip_of({named(std::string("a\0.npy", 6))}),
       "f: a tensor name holds the control character 0x00"},
      {"a name twice", zip_of({good, good}), "f: the zip entry 'a.npy' is there twice"},
      {"wrong CRC", zip_of({{.name = "a.npy", .data = array, .crc = 0x1234}}),
       fmt::format(
           "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' has CRC 00001234, its contents give {:08x}; it is corrupt",
           crc)},
      {"wrong CRC of a deflated entry",
       zip_of({{.name = "a.npy", .data = squeezed, .method = 8, .size = array.size(), .crc = 5}}),
       fmt::format(
           "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' has CRC 00000005, its contents give {:08x}; it is corrupt",
           crc)},
      {"stored with two sizes", zip_of({{.name = "a.npy", .data = array, .size = 999}}),
       "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' is stored as 76 bytes but said to have 999"},
      {"a local header elsewhere",
       zip_of({good}, {.local_offset = [](std::size_t, std::size_t) { return 7; }}),
       "f: the zip entry 'a.npy' has no local header at byte 7"},
      {"a local header past the end",
       zip_of({good}, {.local_offset = [](std::size_t, std::size_t) { return 1'000'000; }}),
       "f: the zip archive's local header at byte 1000000 passes its end at 184; it is truncated or corrupt"},
      {"a local header of another name", zip_of({{.name = "a.npy", .data = array, .local_name = "b.npy"}}),
       "f: the zip entry 'a.npy' has a local header that contradicts the central directory"},
      {"two entries on one local header",
       zip_of({good, {.name = "b.npy", .data = array, .local_name = "a.npy"}},
              {.local_offset = [](std::size_t, std::size_t) { return 0; }}),
       "f: the zip entry 'b.npy' has a local header that contradicts the central directory"},
      {"nested entries (an overlapping bomb)",
       zip_of({{.name = "a.npy",
                .data = "PK\3\4" + u16(20) + u16(0) + u16(0) + u32(0) + u32(0) + u32(0) + u32(0) + u16(5) +
                        u16(0) + "b.npy" + array},
               {.name = "b.npy", .data = ""}},
              {.local_offset = [](std::size_t entry, std::size_t) { return entry == 0 ? 0 : 35; }}),
       "f: the zip entries 'a.npy' and 'b.npy' overlap"},
      {"a bomb", zip_of({{.name = "a.npy", .data = bomb, .method = 8, .size = 100'000'000}}),
       "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' inflates to 100000000 bytes, more than is allowed for an archive of this "
       "size"},
      {"a bomb that says 4 GB", zip_of({{.name = "a.npy", .data = bomb, .method = 8, .size = 0xfffffffe}}),
       "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' inflates to 4294967294 bytes, more than is allowed for an archive of this "
       "size"},
      {"a bomb that says it is small", zip_of({{.name = "a.npy", .data = bomb, .method = 8, .size = 1000}}),
       "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' does not inflate to the 1000 bytes it says; it is corrupt"},
      {"a deflated entry that ends early",
       zip_of({{.name = "a.npy", .data = squeezed.substr(0, 20), .method = 8, .size = array.size()}}),
       "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' does not inflate to the 76 bytes it says; it is corrupt"},
      {"bytes after a deflated stream",
       zip_of({{.name = "a.npy", .data = squeezed + "x", .method = 8, .size = array.size()}}),
       "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' does not inflate to the 76 bytes it says; it is corrupt"},
      {"a deflated entry that is noise",
       zip_of({{.name = "a.npy", .data = "\xff\xff\xff\xff", .method = 8, .size = 76}}),
       "f: none of its 1 arrays can be read; 'a': the zip entry 'a.npy' does not inflate to the 76 bytes it says; it is corrupt"},
      {"a zip64 end record elsewhere", zip64(1),
       "f: the zip archive's zip64 end record is not where it should be"},
      {"a zip64 end record past the end", zip64(1'000'000),
       "f: the zip archive's zip64 end record at byte 1000190 passes its end at 288; it is truncated or "
       "corrupt"},
      {"neither arrays nor PyTorch", zip_of({named("readme.txt")}),
       "f: a zip archive of 'readme.txt', neither what torch.save wrote ('*/data.pkl') nor an npz ('*.npy')"},
      {"arrays and something else", zip_of({good, named("readme.txt")}), "no error"},
      {"two pickles", zip_of({named("a/data.pkl"), named("b/data.pkl")}),
       "f: both 'a/data.pkl' and 'b/data.pkl' could be the pickle"},
      {"a bad array inside", zip_of({{.name = "a.npy", .data = "hello"}}),
       "f: none of its 1 arrays can be read; 'a': not an npy file: it does not start with NumPy's magic"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(parse_message(row.file) == row.expected);
  }
}

TEST_CASE("npz: one member that cannot be read is named and left out, and the others are read") {
  const std::string squeezed = deflated(array);
  const std::pair<ZipPart, std::string> rows[] = {
      {{.name = "bad.npy", .data = array, .crc = 5}, "has CRC 00000005"},
      {{.name = "bad.npy", .data = squeezed, .method = 8, .size = array.size(), .crc = 5},
       "has CRC 00000005"},
      {{.name = "bad.npy", .data = squeezed.substr(0, 20), .method = 8, .size = array.size()},
       "does not inflate to the 76 bytes"},
      {{.name = "bad.npy", .data = array, .flags = 1}, "is encrypted"},
      {{.name = "bad.npy", .data = array + std::string(12, 'k'), .flags = 1, .size = array.size()},
       "is encrypted"},
      {{.name = "bad.npy", .data = array, .method = 12}, "is compressed by method 12"},
      {{.name = "bad.npy", .data = array, .method = 14, .size = 500}, "is compressed by method 14"},
      {{.name = "bad.npy", .data = array, .size = 999}, "is stored as 76 bytes but said to have 999"},
      {{.name = "bad.npy",
        .data = npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", raw(1.0f), 4)},
       "npy format version 4 is unknown"},
      {{.name = "bad.npy", .data = npy_of("{'descr': '<f4', 'shape': (), }", raw(1.0f))},
       "has no 'fortran_order'"},
      {{.name = "bad.npy", .data = array.substr(0, array.size() - 1)}, "needs 8 bytes, the file has 7"},
      {{.name = "bad.npy", .data = ""}, "not an npy file"},
  };
  for (const auto& entry : rows) {
    const auto& bad = entry.first;
    const auto& reason = entry.second;
    CAPTURE(reason);
    for (const bool first : {true, false}) {
      const std::string bytes = first ? zip_of({bad, good}) : zip_of({good, bad});
      const io::TensorFile file = io::parse_tensor_file(bytes_of(bytes), "f", nullptr);
      REQUIRE(file.tensors.size() == 1);
      CHECK(file.at("a").to_floats() == std::vector<float>{1.5f, -2.0f});
      REQUIRE(file.left_out_count == 1);
      CHECK(file.left_out[0].name == "bad");
      CHECK(file.left_out[0].what.find(reason) != std::string::npos);
    }
  }
}

TEST_CASE("zip: many bombs, each within bounds, share one budget") {
  const std::string zeros(15'000'000, '\0');
  const std::string packed = deflated(zeros);
  std::vector<ZipPart> parts;
  for (const char* name : {"a.npy", "b.npy", "c.npy"}) {
    parts.push_back({.name = name, .data = packed, .method = 8, .size = zeros.size(), .crc = crc_of(zeros)});
  }
  const std::string file = zip_of(parts);
  io::ZipArchive archive(bytes_of(file), "f");
  archive.read(archive.entries()[0]);
  archive.read(archive.entries()[1]);
  CHECK_THROWS_WITH_AS(
      archive.read(archive.entries()[2]),
      "f: the zip entry 'c.npy' inflates to 15000000 bytes, more than is allowed for an archive of this size",
      Error);
}

TEST_CASE(
    "zip: stored and deflated members, an archive comment and zip64 are read; cut anywhere, it is an error") {
  const std::string packed = deflated(array);
  std::string file = zip_of(
      {good, {.name = "b.npy", .data = packed, .method = 8, .size = array.size(), .crc = crc_of(array)}});
  const io::TensorFile arrays = io::parse_tensor_file(bytes_of(file), "f", nullptr);
  CHECK(arrays.at("a").to_floats() == std::vector<float>{1.5f, -2.0f});
  CHECK(arrays.at("b").to_floats() == std::vector<float>{1.5f, -2.0f});
  for (std::size_t size = 0; size < file.size(); ++size) {
    CHECK_THROWS_AS(io::parse_tensor_file(bytes_of(file.substr(0, size)), "f", nullptr), Error);
  }
  file[file.size() - 2] = 7;
  CHECK(io::parse_tensor_file(bytes_of(file + "comment"), "f", nullptr).tensors.size() == 2);
  CHECK(io::parse_tensor_file(bytes_of(zip64(0)), "f", nullptr).at("a").to_floats() ==
        std::vector<float>{1.5f, -2.0f});
}
