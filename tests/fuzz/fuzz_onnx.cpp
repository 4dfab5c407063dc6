#include "framework/io/onnx_file.hpp"
#include "tests/fuzz/read_all.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return read_all(data, size, [](fanin::Bytes bytes) {
    fanin::looks_like_onnx(bytes);
    return fanin::parse_onnx(bytes, "fuzz", nullptr);
  });
}
