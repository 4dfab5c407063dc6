#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>

#include <fanin/io/onnx_file.hpp>

#include "tests/io/onnx_bytes.hpp"
#include "tests/io/parse_message.hpp"
#include "tests/io/scratch.hpp"

using namespace fanin;
using namespace onnx;

namespace {

std::vector<float> values(const std::string& tensor) {
  const std::string file = holding(tensor);
  return io::parse_tensor_file(bytes_of(file), "f", nullptr).at("w").to_floats();
}

}  // namespace

TEST_CASE("onnx: raw and typed data of every kind of number are read right") {
  using Floats = std::vector<float>;
  CHECK(values(tensor(1, {2}, bytes(9, raw(1.5f) + raw(-2.0f)))) == Floats{1.5f, -2.0f});
  CHECK(values(tensor(1, {2, 1}, bytes(4, raw(1.5f) + raw(-2.0f)))) == Floats{1.5f, -2.0f});
  CHECK(values(tensor(11, {1}, bytes(10, raw(0.25)))) == Floats{0.25f});
  CHECK(values(tensor(6, {3}, bytes(5, varint(300) + varint(~std::uint64_t{0}) + varint(0)))) ==
        Floats{300, -1, 0});
  CHECK(values(tensor(3, {2}, bytes(5, varint(~std::uint64_t{1}) + varint(7)))) == Floats{-2, 7});
  CHECK(values(tensor(7, {1}, bytes(7, varint(~std::uint64_t{4})))) == Floats{-5});
  CHECK(values(tensor(13, {1}, bytes(11, varint(1 << 20)))) == Floats{1 << 20});
  CHECK(values(tensor(10, {1}, bytes(5, varint(0x3c00)))) == Floats{1});
  CHECK(values(tensor(16, {1}, bytes(9, u16(0x3f80)))) == Floats{1});
  CHECK(values(tensor(9, {2}, bytes(9, std::string("\1\0", 2)))) == Floats{1, 0});
  CHECK(values(tensor(1, {}, bytes(9, raw(4.0f)))) == Floats{4});
  CHECK(values(bytes(1, varint(1) + varint(2)) + tensor(1, {}, bytes(9, raw(4.0f) + raw(5.0f)))) ==
        Floats{4, 5});
}

TEST_CASE("onnx: each way to be hostile has its message") {
  const std::string good = tensor(1, {1}, bytes(9, raw(1.0f)));
  const auto none = [](const std::string& name, const std::string& what) {
    return "f: an ONNX model without initializers that can be read; '" + name + "' is " + what;
  };
  struct Row {
    std::string what, file, expected;
  };
  const Row rows[] = {
      {"good", holding(good), "no error"},
      {"no initializer", model(bytes(2, "g")), "f: an ONNX model without initializers"},
      {"cut in the graph", model(bytes(5, good) + "\x2a\x7f"),
       "f: not a valid ONNX model; it is truncated or corrupt"},
      {"a varint without end", model(std::string(20, '\xff')),
       "f: not a valid ONNX model; it is truncated or corrupt"},
      {"a group", model("\x2b"), "f: not a valid ONNX model; it is truncated or corrupt"},
      {"field 0", model(std::string("\0\1", 2)), "f: not a valid ONNX model; it is truncated or corrupt"},
      {"an external tensor", holding(good + number(14, 1)),
       "f: tensor 'w' keeps its values in another file (external_data), which is not at hand"},
      {"external data", holding(good + bytes(13, bytes(1, "location") + bytes(2, "other"))),
       "f: tensor 'w' keeps its values in another file (external_data), which is not at hand"},
      {"text", holding(tensor(8, {1}, bytes(6, "a"))),
       none("w", "numbers of the ONNX data type 8, which is not supported (floats, integers and bool are)")},
      {"texts", holding(tensor(8, {2}, bytes(6, "a") + bytes(6, "b"))),
       none("w", "numbers of the ONNX data type 8, which is not supported (floats, integers and bool are)")},
      {"no data type", holding(bytes(8, "w")),
       none("w", "numbers of the ONNX data type 0, which is not supported (floats, integers and bool are)")},
      {"sparse", model(bytes(15, bytes(1, good))), none("w", "a sparse tensor, which is not supported")},
      {"no name", holding(number(2, 1)), "f: an ONNX initializer without a name"},
      {"a long name", holding(bytes(8, std::string(600, 'n'))),
       "f: a tensor name of 513 bytes; at most 512 are allowed"},
      {"a name twice", model(bytes(5, good) + bytes(5, good)), "f: two tensors are named 'w'"},
      {"too few bytes", holding(tensor(1, {2}, bytes(9, raw(1.0f)))),
       "f: tensor 'w' of shape [2] and dtype F32 needs 8 bytes, the file has 4"},
      {"no data", holding(tensor(1, {2}, "")),
       "f: tensor 'w' of shape [2] and dtype F32 needs 8 bytes, the file has 0"},
      {"data twice", holding(good + bytes(9, raw(1.0f))),
       "f: an ONNX tensor whose data is in several pieces"},
      {"a negative size", holding(tensor(1, {~std::uint64_t{0}}, "")),
       "f: tensor 'w' has the negative size -1"},
      {"an overflow", holding(tensor(1, {1ull << 40, 1ull << 40}, "")),
       "f: tensor 'w' of shape [1099511627776, 1099511627776] and dtype F32 has more bytes than 64 bits can count"},
      {"40 dimensions", holding(tensor(1, std::vector<std::uint64_t>(40, 1), "")),
       "f: an ONNX tensor of more than 32 dimensions"},
      {"2^40 typed values", holding(tensor(7, {1ull << 40}, bytes(7, "a"))),
       "f: tensor 'w' of shape [1099511627776] has 1 bytes for its 1099511627776 values"},
      {"typed data that swells", holding(tensor(7, {10'000'000}, bytes(7, std::string(10'000'000, '\1')))),
       "f: tensor 'w' takes 80000000 bytes, more than is allowed for a file of this size"},
      {"too few values", holding(tensor(7, {2}, bytes(7, varint(300)))),
       "f: tensor 'w' has fewer values than its shape [2]"},
      {"too many values", holding(tensor(7, {1}, bytes(7, "ab"))),
       "f: tensor 'w' has more values than its shape [1]"},
      {"many tensors", model([] {
         std::string out;
         for (std::size_t i = 0; i <= io::max_tensors; ++i)
           out += bytes(5, number(1, 0) + number(2, 1) + bytes(8, std::to_string(i)));
         return out;
       }()),
       "f: more than 65536 tensors, or names and shapes of more than 16777216 bytes"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(parse_message(row.file) == row.expected);
  }
  const std::string whole = holding(good);
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK(parse_message(whole.substr(0, size)) != "no error");
}

TEST_CASE("onnx: external data is read from a plain file beside the model, and from nowhere else") {
  const Scratch scratch;
  const auto put = [&](const std::string& name, const std::string& contents) {
    std::ofstream(scratch / name, std::ios::binary) << contents;
  };
  put("data.bin", "skip" + raw(1.5f) + raw(-2.0f));
  put("elsewhere", raw(1.0f));
  std::filesystem::create_symlink("elsewhere", scratch / "link.bin");
  std::filesystem::create_directory(scratch / "folder");
  const auto message = [&](const std::string& fields) {
    put("m.onnx", holding(tensor(1, {2}, fields + number(14, 1))));
    try {
      const auto floats = io::read_tensor_file(scratch / "m.onnx").at("w").to_floats();
      return fmt::format("{}", fmt::join(floats, " "));
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  const std::string here = external("location", "data.bin");
  CHECK(message(here + external("offset", "4") + external("length", "8")) == "1.5 -2");
  CHECK(message(here + external("offset", "4")) == "1.5 -2");
  CHECK(message(here + external("offset", "4") + external("length", "8") + external("checksum", "x")) ==
        "1.5 -2");
  const std::pair<std::string, const char*> rows[] = {
      {here + external("offset", "8"), "is bytes 8 and 8 more of 'data.bin', which has 12"},
      {here + external("offset", "18446744073709551615"), "is bytes 18446744073709551615 and 8 more"},
      {here + external("offset", "99999999999999999999"),
       "external offset is '99999999999999999999', expected a number"},
      {here + external("offset", "-4"), "external offset is '-4', expected a number"},
      {here + external("offset", ""), "external offset is '', expected a number"},
      {here + external("length", "4"), "needs 8 bytes, its external length is 4"},
      {here + external("length", "0x8"), "external length is '0x8', expected a number"},
      {external("offset", "4"), "names the file '', which is not a plain file name"},
      {external("location", "../data.bin"), "names the file '../data.bin', which is not a plain file name"},
      {external("location", "/etc/passwd"), "names the file '/etc/passwd', which is not a plain file name"},
      {external("location", "a\\data.bin"), "which is not a plain file name"},
      {external("location", ".."), "which is not a plain file name"},
      {external("location", std::string("data.bin\0x", 10)), "which is not a plain file name"},
      {external("location", "\x1b[2Jdata.bin"), "which is not a plain file name"},
      {external("location", std::string(400, 'x')), "which is not a plain file name"},
      {external("location", "link.bin"), "link.bin: is a symbolic link"},
      {external("location", "folder"), "folder: is a folder"},
      {external("location", "none.bin"), "none.bin: cannot open"},
  };
  for (const auto& [fields, the_expected] : rows) {
    const auto& expected = the_expected;  // clang 14 captures no structured binding
    CAPTURE(expected);
    const std::string got = message(fields);
    CHECK(got.find(expected) != std::string::npos);
    CHECK(got.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("onnx: a constant node is a tensor in each of its forms, or named and left out") {
  const auto constant = [](const std::string& name, const std::string& attribute) {
    return bytes(1, bytes(2, name) + bytes(4, "Constant") + bytes(5, attribute));
  };
  const auto fixed = [](std::uint64_t field, float value) { return varint(field << 3 | 5) + raw(value); };
  const std::string good = bytes(5, tensor(1, {1}, bytes(9, raw(1.0f))));
  const auto read = [&](const std::string& nodes) {
    const std::string file = model(nodes + good);
    io::TensorFile out = io::parse_tensor_file(bytes_of(file), "f", nullptr);
    std::string text;
    for (const auto& one : out.tensors) {
      if (one.name != "w")
        text += fmt::format("{} {} {} = {}; ", one.name, name_of(one.dtype), one.shape_text(),
                            fmt::join(one.to_floats(), " "));
    }
    for (const auto& one : out.left_out) text += fmt::format("{}: {}; ", one.name, one.what);
    return text;
  };
  CHECK(read(constant("c", bytes(1, "value_float") + fixed(2, 1.5f))) == "c F32 [] = 1.5; ");
  CHECK(read(constant("c", bytes(1, "value_float"))) == "c F32 [] = 0; ");
  CHECK(read(constant("c", bytes(1, "value_floats") + fixed(7, 1) + fixed(7, 2))) == "c F32 [2] = 1 2; ");
  CHECK(read(constant("c", bytes(1, "value_floats") + bytes(7, raw(1.0f) + raw(2.0f)))) ==
        "c F32 [2] = 1 2; ");
  CHECK(read(constant("c", bytes(1, "value_int") + number(3, ~std::uint64_t{6}))) == "c I64 [] = -7; ");
  CHECK(read(constant("c", bytes(1, "value_ints") + number(8, 3) + number(8, 4))) == "c I64 [2] = 3 4; ");
  CHECK(read(constant("c", bytes(1, "value_ints") + bytes(8, varint(300) + varint(4)))) ==
        "c I64 [2] = 300 4; ");
  CHECK(read(constant("c", bytes(1, "value_ints"))) == "c I64 [0] = ; ");
  CHECK(read(constant("c", bytes(1, "value") + bytes(5, tensor(1, {2}, bytes(4, raw(1.0f) + raw(2.0f)))))) ==
        "c F32 [2] = 1 2; ");
  CHECK(read(constant("c", bytes(1, "value_string") + bytes(4, "x"))) ==
        "c: a constant in the form 'value_string', which is not supported; ");
  CHECK(read(constant("c", bytes(1, "sparse_value"))) ==
        "c: a constant in the form 'sparse_value', which is not supported; ");
  CHECK(read(constant("c", "")) == "c: a constant in the form '', which is not supported; ");
  CHECK(read(constant("/Constant_output_0", bytes(1, "value_ints") + number(8, 3))) ==
        "/Constant_output_0: a constant of the exporter's own, I64 [1]; ");
  CHECK(read(constant("12", bytes(1, "value_float") + fixed(2, 1))) ==
        "12: a constant of the exporter's own, F32 []; ");
  CHECK(read(bytes(1, bytes(2, "y") + bytes(4, "Relu"))) == "");

  const auto refused = [&](const std::string& nodes) { return parse_message(model(nodes + good)); };
  CHECK(refused(constant("w", bytes(1, "value_float"))) == "f: two tensors are named 'w'");
  CHECK(refused(constant("a\nb", bytes(1, "value_float"))) ==
        "f: a tensor name holds the control character 0x0a");
  CHECK(refused(constant("c", bytes(1, "value_float") + fixed(2, 1) + fixed(2, 1))) ==
        "f: the constant 'c' is one number, and has 2");
  CHECK(refused(constant("c", bytes(1, "value_ints") + bytes(8, "\xff"))) ==
        "f: an ONNX constant with malformed integers");
  CHECK(refused(constant("c", bytes(1, "value") + bytes(5, "\xff"))) ==
        "f: not a valid ONNX model; it is truncated or corrupt");
  CHECK(refused(bytes(1, "\xff")) == "f: not a valid ONNX model; it is truncated or corrupt");
}
