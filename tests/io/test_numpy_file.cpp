#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <fanin/core/error.hpp>
#include <fanin/io/numpy_file.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/parse_message.hpp"
#include "tests/io/scratch.hpp"
#include "tests/io/zip_bytes.hpp"

using namespace fanin;

namespace {

std::string header(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }          \n";
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("npy: each way to be hostile has its message") {
  const std::string four = raw(1.0f);
  const std::string literal = "f: the npy header is not the expected literal dict at byte ";
  struct Row {
    std::string what, file, expected;
  };
  const Row rows[] = {
      {"only the magic", "\x93NUMPY", "f: 6 bytes are too few for an npy file"},
      {"version 9", npy_of(header("'<f4'", "(1,)"), four, 9),
       "f: npy format version 9 is unknown, expected 1 to 3"},
      {"version 0", npy_of(header("'<f4'", "(1,)"), four, 0),
       "f: npy format version 0 is unknown, expected 1 to 3"},
      {"header past the end", std::string("\x93NUMPY\1\0", 8) + u16(500) + "{}",
       "f: the npy header of 500 bytes ends past the file, which has 12; it is truncated or corrupt"},
      {"a long header", std::string("\x93NUMPY\2\0", 8) + u32(4'000'000'000) + "{}",
       "f: the npy header has length 4000000000, at most 65535 are allowed"},
      {"an empty header", npy_of("", four), literal + "0: expected '{'"},
      {"code instead of a dict", npy_of("__import__('os').system('true')", ""), literal + "0: expected '{'"},
      {"code inside the dict", npy_of("{'descr': __import__('os')}", ""),
       literal + "10: expected a quoted string"},
      {"a shape that is a call", npy_of(header("'<f4'", "tuple([1])"), four), literal + "50: expected '('"},
      {"a shape that is a number", npy_of(header("'<f4'", "1"), four), literal + "50: expected '('"},
      {"a negative size", npy_of(header("'<f4'", "(-1,)"), four), literal + "51: expected a size"},
      {"a size past 63 bits", npy_of(header("'<f4'", "(9223372036854775808,)"), four),
       literal + "69: expected a size of at most 63 bits"},
      {"sizes whose product overflows", npy_of(header("'<f4'", "(4294967296, 4294967296)"), four),
       "f: tensor 'array' of shape [4294967296, 4294967296] and dtype F32 has more bytes than 64 bits can "
       "count"},
      {"a zero that hides an overflow", npy_of(header("'<f4'", "(4294967296, 4294967296, 0)", "True"), ""),
       "f: tensor 'array' of shape [4294967296, 4294967296, 0] and dtype F32 has more bytes than 64 bits can "
       "count"},
      {"too many dimensions",
       npy_of(header("'<f4'", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)"), four),
       "f: an array of more than 32 dimensions"},
      {"fewer bytes than the shape", npy_of(header("'<f4'", "(2,)"), four),
       "f: an array of shape [2] and dtype F32 needs 8 bytes, the file has 4; it is truncated or corrupt"},
      {"more bytes than the shape", npy_of(header("'<f4'", "(1,)"), four + four),
       "f: an array of shape [1] and dtype F32 needs 4 bytes, the file has 8; it is truncated or corrupt"},
      {"objects", npy_of(header("'|O'", "(1,)"), "cos\nsystem\n."),
       "f: holds no tensor, but the global os.system; nothing was executed. In PyTorch, torch.save(model.state_dict(), path) "
       "instead"},
      {"a structure", npy_of(header("[('x', '<f4')]", "(1,)"), four),
       "f: a structured NumPy dtype; only plain floats, integers and bool are supported"},
      {"complex numbers", npy_of(header("'<c8'", "(1,)"), four + four),
       "f: the NumPy dtype '<c8' is not supported (floats f2 to f8, integers and bool are)"},
      {"text", npy_of(header("'<U1'", "(1,)"), four),
       "f: the NumPy dtype '<U1' is not supported (floats f2 to f8, integers and bool are)"},
      {"an empty dtype", npy_of(header("''", "(1,)"), four),
       "f: the NumPy dtype '' is not supported (floats f2 to f8, integers and bool are)"},
      {"an order that is neither", npy_of(header("'<f4'", "(1,)", "Maybe"), four),
       literal + "34: expected True or False"},
      {"a key twice", npy_of("{'descr': '<f4', 'descr': '<f4'}", four),
       "f: the npy header has the key 'descr' twice"},
      {"an unknown key", npy_of("{'data': '<f4'}", four),
       "f: the npy header has the unknown key 'data', expected descr, fortran_order and shape"},
      {"no shape", npy_of("{'descr': '<f4', 'fortran_order': False}", four),
       "f: the npy header has no 'shape'"},
      {"no order", npy_of("{'descr': '<f4', 'shape': ()}", four), "f: the npy header has no 'fortran_order'"},
      {"no dtype", npy_of("{}", four), "f: the npy header has no 'descr'"},
      {"a string without end", npy_of("{'descr", four), literal + "2: expected a closing quote"},
      {"a string with an escape", npy_of("{'de\\x73cr': '<f4'}", four),
       literal + "2: expected a short string without escapes"},
      {"something after the dict", npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': ()} + x", four),
       literal + "54: expected the end"},
      {"deep nesting", npy_of("{'shape': " + std::string(60'000, '('), four),
       literal + "11: expected a size"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(parse_message(row.file) == row.expected);
  }
}

TEST_CASE("npy: either byte order, Fortran order and headers of Python 2 are read right") {
  const auto read = [](const std::string& file) {
    return io::parse_tensor_file(bytes_of(file), "f", nullptr).at("array").to_floats();
  };
  const std::string big("\x3f\x80\0\0\xc0\0\0\0", 8);
  CHECK(read(npy_of(header("'>f4'", "(2,)"), big)) == std::vector<float>{1, -2});
  CHECK(read(npy_of(header("'<i2'", "(2L, 2L)", "True"), u16(1) + u16(2) + u16(3) + u16(4))) ==
        std::vector<float>{1, 3, 2, 4});
  CHECK(read(npy_of("{\"shape\": (), \"fortran_order\": True, \"descr\": \"=f4\"}", raw(3.0f), 2)) ==
        std::vector<float>{3});
  CHECK(read(npy_of(header("'<f4'", "(0, 5)", "True"), "")).empty());
}

TEST_CASE("npy and npz: what is written is read back, and the same tensors give the same bytes") {
  const Scratch scratch;
  const std::vector<float> numbers = {0.5f, -1.25f, 3, 1e-3f, 7, 8};
  const std::int64_t steps = -5;
  const io::StoredTensor tensors[] = {io::stored("conv.weight", Tensor::from(numbers, {1, 2, 3})),
                                      io::stored("scalar", Tensor::scalar(4)),
                                      {.name = "steps",
                                       .dtype = io::DType::i64,
                                       .sizes = {1},
                                       .strides = {},
                                       .data = reinterpret_cast<const std::byte*>(&steps),
                                       .big_endian = false,
                                       .owner = nullptr}};
  io::write_npy(scratch / "a.npy", tensors[0]);
  const io::TensorFile one = io::read_tensor_file(scratch / "a.npy");
  CHECK(one.format == io::FileFormat::npy);
  CHECK(one.at("array").sizes == std::vector<Index>{1, 2, 3});
  CHECK(one.at("array").to_floats() == numbers);

  io::write_npz(scratch / "a.npz", tensors);
  io::write_npz(scratch / "b.npz", tensors);
  CHECK(contents(scratch / "a.npz") == contents(scratch / "b.npz"));
  const io::TensorFile all = io::read_tensor_file(scratch / "a.npz");
  CHECK(all.format == io::FileFormat::npz);
  REQUIRE(all.tensors.size() == 3);
  CHECK(all.at("conv.weight").to_floats() == numbers);
  CHECK(all.at("scalar").sizes.empty());
  CHECK(all.at("steps").dtype == io::DType::i64);
  CHECK(all.at("steps").to_floats() == std::vector<float>{-5});

  io::write_npz(scratch / "half.npz", tensors, io::DType::f16);
  CHECK(io::read_tensor_file(scratch / "half.npz").at("conv.weight").dtype == io::DType::f16);
  CHECK(io::read_tensor_file(scratch / "half.npz").at("steps").dtype == io::DType::i64);
  const io::StoredTensor twice[] = {tensors[1], tensors[1]};
  CHECK_THROWS_WITH_AS(io::write_npz(scratch / "c.npz", twice),
                       doctest::Contains("two arrays named 'scalar'"), Error);
  CHECK_THROWS_WITH_AS(io::write_npz(scratch / "c.npz", tensors, io::DType::i8), doctest::Contains("not I8"),
                       Error);
}

TEST_CASE("any file converts to safetensors, npz and, one tensor, npy without losing a bit") {
  const Scratch scratch;
  const auto same = [](const io::StoredTensor& a, const io::StoredTensor& b) {
    std::vector<std::byte> x(a.byte_size()), y(b.byte_size());
    a.read_bytes(0, a.numel(), x.data());
    b.read_bytes(0, b.numel(), y.data());
    return a.name == b.name && a.dtype == b.dtype && a.sizes == b.sizes && x == y;
  };
  for (const char* name : {"views.pt", "dtypes_legacy.pt", "compressed.npz"}) {
    const io::TensorFile from = io::read_tensor_file(std::string("tests/reference/files/") + name);
    for (const io::FileFormat format : {io::FileFormat::safetensors, io::FileFormat::npz}) {
      CAPTURE(name);
      io::write_tensor_file(scratch / "out", from, format);
      const io::TensorFile to = io::read_tensor_file(scratch / "out");
      CHECK(to.format == format);
      REQUIRE(to.tensors.size() == from.tensors.size());
      for (const auto& tensor : from.tensors) {
        // NumPy has no bfloat16: it is widened, and only then.
        const bool kept = format == io::FileFormat::safetensors || tensor.dtype != io::DType::bf16;
        CHECK(same(tensor, to.at(tensor.name)) == kept);
      }
    }
    CHECK_THROWS_WITH_AS(io::write_tensor_file(scratch / "out", from, io::FileFormat::npy),
                         doctest::Contains("write npz instead"), Error);
    CHECK_THROWS_WITH_AS(io::write_tensor_file(scratch / "out", from, io::FileFormat::onnx),
                         doctest::Contains("only read"), Error);
  }
  const io::TensorFile one = io::read_tensor_file("tests/reference/files/big_fortran.npy");
  io::write_tensor_file(scratch / "one.npy", one, io::FileFormat::npy);
  CHECK(same(one.tensors[0], io::read_tensor_file(scratch / "one.npy").tensors[0]));
}
