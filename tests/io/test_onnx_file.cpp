#include <doctest/doctest.h>

#include "framework/io/onnx_file.hpp"
#include "tests/io/parse_message.hpp"

using namespace fanin;

namespace {

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 128; value >>= 7) out += static_cast<char>(value | 128);
  return out + static_cast<char>(value);
}

std::string number(std::uint64_t field, std::uint64_t value) { return varint(field << 3) + varint(value); }
std::string bytes(std::uint64_t field, const std::string& value) {
  return varint(field << 3 | 2) + varint(value.size()) + value;
}

/// An initializer named "w" of an ONNX data type, with `fields` for its data.
std::string tensor(std::uint64_t type, const std::vector<std::uint64_t>& sizes, const std::string& fields) {
  std::string out;
  for (const auto size : sizes) out += number(1, size);
  return out + number(2, type) + bytes(8, "w") + fields;
}

std::string model(const std::string& graph) { return number(1, 7) + bytes(2, "test") + bytes(7, graph); }
std::string holding(const std::string& tensor) { return model(bytes(5, tensor)); }

std::vector<float> values(const std::string& tensor) {
  const std::string file = holding(tensor);
  return parse_tensor_file(bytes_of(file), "f", nullptr).at("w").to_floats();
}

}  // namespace

TEST_CASE("onnx: raw and typed data of every kind of number are read right") {
  using Floats = std::vector<float>;
  CHECK(values(tensor(1, {2}, bytes(9, raw(1.5f) + raw(-2.0f)))) == Floats{1.5f, -2.0f});
  CHECK(values(tensor(1, {2, 1}, bytes(4, raw(1.5f) + raw(-2.0f)))) == Floats{1.5f, -2.0f});
  CHECK(values(tensor(11, {1}, bytes(10, raw(0.25)))) == Floats{0.25f});
  CHECK(values(tensor(6, {3}, bytes(5, varint(300) + varint(~std::uint64_t{0}) + varint(0)))) == Floats{300, -1, 0});
  CHECK(values(tensor(3, {2}, bytes(5, varint(~std::uint64_t{1}) + varint(7)))) == Floats{-2, 7});
  CHECK(values(tensor(7, {1}, bytes(7, varint(~std::uint64_t{4})))) == Floats{-5});
  CHECK(values(tensor(13, {1}, bytes(11, varint(1 << 20)))) == Floats{1 << 20});
  CHECK(values(tensor(10, {1}, bytes(5, varint(0x3c00)))) == Floats{1});
  CHECK(values(tensor(16, {1}, bytes(9, u16(0x3f80)))) == Floats{1});
  CHECK(values(tensor(9, {2}, bytes(9, std::string("\1\0", 2)))) == Floats{1, 0});
  CHECK(values(tensor(1, {}, bytes(9, raw(4.0f)))) == Floats{4});
  CHECK(values(bytes(1, varint(1) + varint(2)) + tensor(1, {}, bytes(9, raw(4.0f) + raw(5.0f)))) == Floats{4, 5});
}

TEST_CASE("onnx: each way to be hostile has its message") {
  const std::string good = tensor(1, {1}, bytes(9, raw(1.0f)));
  struct Row {
    std::string what, file, expected;
  };
  const Row rows[] = {
      {"good", holding(good), "no error"},
      {"no initializer", model(bytes(2, "g")), "f: an ONNX model without initializers"},
      {"cut in the graph", model(bytes(5, good) + "\x2a\x7f"), "f: not a valid ONNX model; it is truncated or corrupt"},
      {"a varint without end", model(std::string(20, '\xff')), "f: not a valid ONNX model; it is truncated or corrupt"},
      {"a group", model("\x2b"), "f: not a valid ONNX model; it is truncated or corrupt"},
      {"field 0", model(std::string("\0\1", 2)), "f: not a valid ONNX model; it is truncated or corrupt"},
      {"an external tensor", holding(good + number(14, 1)),
       "f: tensor 'w' keeps its values in another file (external_data); save the ONNX model as one file"},
      {"external data", holding(good + bytes(13, "location")),
       "f: tensor 'w' keeps its values in another file (external_data); save the ONNX model as one file"},
      {"text", holding(tensor(8, {1}, bytes(6, "a"))),
       "f: tensor 'w' has the ONNX data type 8, which is not supported (floats, integers and bool are)"},
      {"no data type", holding(bytes(8, "w")),
       "f: tensor 'w' has the ONNX data type 0, which is not supported (floats, integers and bool are)"},
      {"sparse", model(bytes(15, "")), "f: sparse ONNX initializers are not supported"},
      {"no name", holding(number(2, 1)), "f: an ONNX initializer without a name"},
      {"a long name", holding(bytes(8, std::string(600, 'n'))), "f: a tensor name of 513 bytes; at most 512 are allowed"},
      {"a name twice", model(bytes(5, good) + bytes(5, good)), "f: two tensors are named 'w'"},
      {"too few bytes", holding(tensor(1, {2}, bytes(9, raw(1.0f)))),
       "f: tensor 'w' of shape [2] and dtype F32 needs 8 bytes, the file has 4"},
      {"no data", holding(tensor(1, {2}, "")), "f: tensor 'w' of shape [2] and dtype F32 needs 8 bytes, the file has 0"},
      {"data twice", holding(good + bytes(9, raw(1.0f))), "f: an ONNX tensor whose data is in several pieces"},
      {"a negative size", holding(tensor(1, {~std::uint64_t{0}}, "")), "f: tensor 'w' has the negative size -1"},
      {"an overflow", holding(tensor(1, {1ull << 40, 1ull << 40}, "")),
       "f: tensor 'w' of shape [1099511627776, 1099511627776] and dtype F32 has more bytes than 64 bits can count"},
      {"40 dimensions", holding(tensor(1, std::vector<std::uint64_t>(40, 1), "")),
       "f: an ONNX tensor of more than 32 dimensions"},
      {"2^40 typed values", holding(tensor(7, {1ull << 40}, bytes(7, "a"))),
       "f: tensor 'w' of shape [1099511627776] has 1 bytes for its 1099511627776 values"},
      {"typed data that swells", holding(tensor(7, {10'000'000}, bytes(7, std::string(10'000'000, '\1')))),
       "f: tensor 'w' takes 80000000 bytes, more than is allowed for a file of this size"},
      {"too few values", holding(tensor(7, {2}, bytes(7, varint(300)))), "f: tensor 'w' has fewer values than its shape [2]"},
      {"too many values", holding(tensor(7, {1}, bytes(7, "ab"))), "f: tensor 'w' has more values than its shape [1]"},
      {"many tensors", model([] {
         std::string out;
         for (std::size_t i = 0; i <= max_tensors; ++i) out += bytes(5, number(1, 0) + number(2, 1) + bytes(8, std::to_string(i)));
         return out;
       }()),
       "f: more than 65536 tensors"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(parse_message(row.file) == row.expected);
  }
  const std::string whole = holding(good);
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK(parse_message(whole.substr(0, size)) != "no error");
}
