#include <doctest/doctest.h>

#include <fanin/core/error.hpp>
#include <fanin/io/safetensors.hpp>

#include "tests/io/parse_message.hpp"

using namespace fanin;

namespace {

/// A file with this header, whatever it says, and `buffer` bytes of data.
std::string with_header(const std::string& header, std::size_t buffer = 0) {
  return u64(header.size()) + header + std::string(buffer, 'x');
}

std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}";
}

std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets,
                std::size_t buffer) {
  return with_header("{" + tensor("a", dtype, shape, offsets) + "}", buffer);
}

std::string message(const std::string& file) {
  return message_of(file, [&] { io::parse_safetensors(bytes_of(file), "f", nullptr); });
}

std::string repeated(std::size_t times, const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string numbered(std::size_t count) {
  std::string header = "{";
  for (std::size_t i = 0; i < count; ++i) {
    header += (i > 0 ? "," : "") + tensor("t" + std::to_string(i), "U8", "[0]", "[0,0]");
  }
  return header + "}";
}

}  // namespace

TEST_CASE("safetensors: each way to be hostile has its message") {
  struct Row {
    std::string what;
    std::string file;
    std::string expected;
  };
  const std::string good = tensor("a", "F32", "[1]", "[0,4]");
  const Row rows[] = {
      {"empty", "", "f: 0 bytes are too few for a safetensors file"},
      {"seven bytes", "1234567", "f: 7 bytes are too few for a safetensors file"},
      {"header length 0", u64(0) + "{}", "f: the safetensors header has length 0"},
      {"header above 100 MB", u64(100'000'001) + "{}",
       "f: the safetensors header has length 100000001, at most 100000000 are allowed"},
      {"header length with the top bit", u64(~std::uint64_t{0}) + "{}",
       "f: the safetensors header has length 18446744073709551615, at most 100000000 are allowed"},
      {"header past the end", u64(3) + "{}",
       "f: the safetensors header of 3 bytes ends past the file, which has 10; it is truncated or corrupt"},
      {"header not starting with {", with_header("[]"), "f: the safetensors header does not start with '{'"},
      {"header starting with a space", with_header(" {}"),
       "f: the safetensors header does not start with '{'"},
      {"invalid UTF-8", with_header("{\"\xff\":1}"), "f: the safetensors header is not valid UTF-8"},
      {"overlong UTF-8", with_header("{\"\xc0\xaf\":1}"), "f: the safetensors header is not valid UTF-8"},
      {"UTF-8 surrogate", with_header("{\"\xed\xa0\x80\":1}"),
       "f: the safetensors header is not valid UTF-8"},
      {"half an escaped surrogate", with_header(R"({"\ud800":1})"),
       "f: the safetensors header is not valid at byte 8: found '\"', expected a whole surrogate pair before "
       "this"},
      {"unfinished JSON", with_header("{"),
       "f: the safetensors header is not valid: it ends at byte 1, expected a string"},
      {"unfinished string", with_header(R"({"a)"),
       "f: the safetensors header is not valid: it ends at byte 3, expected the string's end"},
      {"trailing comma", with_header("{" + good + ",}", 4),
       "f: the safetensors header is not valid at byte 54: found '}', expected a string"},
      {"two objects", with_header("{}{}"),
       "f: the safetensors header is not valid at byte 2: found '{', expected the end"},
      {"NUL after the object", with_header(std::string("{}\0", 3)),
       "f: the safetensors header is not valid at byte 2: found 0x00, expected the end"},
      {"NUL in a string", with_header(std::string("{\"\0\":1}", 7)),
       "f: the safetensors header is not valid at byte 2: found 0x00, expected no control character in a "
       "string"},
      {"an escaped control character in a name", with_header(R"({"\u0007":1})"),
       "f: a tensor name holds the control character 0x07"},
      {"a name without end", with_header("{\"" + std::string(600, 'n') + "\":1}"),
       "f: a tensor name of 600 bytes; at most 512 are allowed"},
      {"a tensor that is a number", with_header(R"({"a":1})"),
       "f: the safetensors header is not valid at byte 5: found '1', expected '{'"},
      {"duplicate tensors", with_header("{" + good + "," + good + "}", 4), "f: the key 'a' is there twice"},
      {"duplicate tensors, one escaped", with_header("{" + good + R"(,"\u0061":{}})", 4),
       "f: the key 'a' is there twice"},
      {"duplicate metadata", with_header(R"({"__metadata__":{},"__metadata__":{}})"),
       "f: the key '__metadata__' is there twice"},
      {"duplicate metadata keys", with_header(R"({"__metadata__":{"k":"1","k":"2"}})"),
       "f: the metadata key 'k' is there twice"},
      {"metadata that is not text", with_header(R"({"__metadata__":{"k":1}})"),
       "f: the safetensors header is not valid at byte 21: found '1', expected a string"},
      {"duplicate dtype", with_header(R"({"a":{"dtype":"F32","dtype":"F32"}})"),
       "f: tensor 'a' has the key 'dtype' twice"},
      {"duplicate shape", with_header(R"({"a":{"shape":[1],"shape":[1]}})"),
       "f: tensor 'a' has the key 'shape' twice"},
      {"an unknown key", with_header(R"({"a":{"stride":[1]}})"),
       "f: tensor 'a' has the unknown key 'stride', expected dtype, shape and data_offsets"},
      {"no dtype", with_header(R"({"a":{"shape":[0],"data_offsets":[0,0]}})"), "f: tensor 'a' has no dtype"},
      {"no shape", with_header(R"({"a":{"dtype":"F32","data_offsets":[0,0]}})"),
       "f: tensor 'a' has no shape"},
      {"no offsets", with_header(R"({"a":{"dtype":"F32","shape":[0]}})"),
       "f: tensor 'a' has no data_offsets"},
      {"one offset", one("F32", "[1]", "[4]", 4),
       "f: the safetensors header is not valid at byte 50: found '}', expected two data_offsets before this"},
      {"three offsets", one("F32", "[1]", "[0,4,4]", 4),
       "f: the safetensors header is not valid at byte 52: found '4', expected two data_offsets"},
      {"unknown dtype", one("F7", "[1]", "[0,4]", 4),
       "f: tensor 'a' has the dtype 'F7', which is not supported (floats F64 to BF16, integers, BOOL are)"},
      {"offsets reversed", one("F32", "[1]", "[4,0]", 4), "f: tensor 'a' has reversed data_offsets [4, 0]"},
      {"offsets out of bounds", one("F32", "[2]", "[0,8]", 4),
       "f: tensor 'a' ends at byte 8 of a buffer of 4; the file is truncated or corrupt"},
      {"offsets at 2^63 - 1", one("U8", "[1]", "[9223372036854775806,9223372036854775807]", 4),
       "f: tensor 'a' ends at byte 9223372036854775807 of a buffer of 4; the file is truncated or corrupt"},
      {"an offset past 63 bits", one("F32", "[1]", "[0,9223372036854775808]", 4),
       "f: the safetensors header is not valid at byte 68: found '8', expected a number of at most 63 bits"},
      {"a negative offset", one("F32", "[1]", "[-4,0]", 4),
       "f: the safetensors header is not valid at byte 48: found '-', expected a whole number, not negative"},
      {"a negative size", one("F32", "[-1]", "[0,4]", 4),
       "f: the safetensors header is not valid at byte 29: found '-', expected a whole number, not negative"},
      {"a fractional size", one("F32", "[1.0]", "[0,4]", 4),
       "f: the safetensors header is not valid at byte 30: found '.', expected a whole number"},
      {"a size with an exponent", one("F32", "[1e3]", "[0,4]", 4),
       "f: the safetensors header is not valid at byte 30: found 'e', expected a whole number"},
      {"a size with a leading zero", one("F32", "[01]", "[0,4]", 4),
       "f: the safetensors header is not valid at byte 30: found '1', expected a number without leading "
       "zeros"},
      {"bytes that are not dtype x shape", one("F32", "[2]", "[0,4]", 4),
       "f: tensor 'a' of shape [2] and dtype F32 needs 8 bytes, its data_offsets give 4"},
      {"a product that wraps to the right size", one("F32", "[4294967296,4294967296]", "[0,0]", 0),
       "f: tensor 'a' of shape [4294967296, 4294967296] and dtype F32 has more bytes than 64 bits can count"},
      {"a zero that hides an overflow", one("F32", "[4294967296,4294967296,0]", "[0,0]", 0),
       "f: tensor 'a' of shape [4294967296, 4294967296, 0] and dtype F32 has more bytes than 64 bits can "
       "count"},
      {"too many dimensions", one("U8", "[1" + repeated(40, ",1") + "]", "[0,1]", 1),
       "f: tensor 'a' has more than 32 dimensions"},
      {"overlapping tensors", with_header("{" + good + "," + tensor("b", "F32", "[1]", "[2,6]") + "}", 6),
       "f: tensor 'b' at byte 2 overlaps the tensor before it, which ends at 4"},
      {"two tensors on the same bytes",
       with_header("{" + good + "," + tensor("b", "I32", "[1]", "[0,4]") + "}", 4),
       "f: tensor 'b' at byte 0 overlaps the tensor before it, which ends at 4"},
      {"a hole", with_header("{" + good + "," + tensor("b", "F32", "[1]", "[8,12]") + "}", 12),
       "f: bytes 4 to 8 before tensor 'b' belong to no tensor"},
      {"a hole at the start", one("F32", "[1]", "[4,8]", 8),
       "f: bytes 0 to 4 before tensor 'a' belong to no tensor"},
      {"bytes after the last tensor", one("F32", "[1]", "[0,4]", 9),
       "f: the tensors cover 4 bytes of a buffer of 9"},
      {"data and no tensor", with_header("{}", 9), "f: the tensors cover 0 bytes of a buffer of 9"},
      {"too many tensors", with_header(numbered(io::max_tensors + 1)), "f: more than 65536 tensors"},
      {"deep nesting", with_header(R"({"a":)" + repeated(1'000'000, "[")),
       "f: the safetensors header is not valid at byte 5: found '[', expected '{'"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(message(row.file) == row.expected);
  }
}

TEST_CASE("safetensors: what is odd but allowed is read right") {
  SUBCASE("data that is not aligned to its dtype") {
    const std::string header =
        "{" + tensor("flag", "U8", "[1]", "[0,1]") + "," + tensor("a", "F64", "[2]", "[1,17]") + "}";
    const std::string bytes = u64(header.size()) + header + "\1" + raw(0.5) + raw(-2.0);
    const io::TensorFile file = io::parse_safetensors(bytes_of(bytes), "f", nullptr);
    CHECK(file.at("a").to_floats() == std::vector<float>{0.5f, -2.0f});
  }
  SUBCASE(
      "escapes in names, a scalar, an empty tensor, spaces after the header, tensors not in order of "
      "offset") {
    const std::string header = "{" + tensor("\\u00e9\\ud83d\\ude00", "F32", "[]", "[2,6]") + ",\n" +
                               tensor("h", "F16", "[1]", "[0,2]") + "," +
                               tensor("none", "F32", "[3,0]", "[6,6]") + "}   ";
    const std::string bytes = u64(header.size()) + header + u16(0x3c00) + raw(7.0f);
    const io::TensorFile file = io::parse_safetensors(bytes_of(bytes), "f", nullptr);
    CHECK(file.at("é😀").to_floats() == std::vector<float>{7.0f});
    CHECK(file.at("é😀").sizes.empty());
    CHECK(file.at("h").to_floats() == std::vector<float>{1.0f});
    CHECK(file.at("none").to_floats().empty());
  }
  SUBCASE("metadata only") {
    const io::TensorFile file =
        io::parse_safetensors(bytes_of(with_header(R"({"__metadata__":{"plan":"a\n\"b\""}})")), "f", nullptr);
    CHECK(file.tensors.empty());
    CHECK(file.metadata.at("plan") == "a\n\"b\"");
  }
}
