#include "framework/io/numpy_file.hpp"
#include "framework/io/zip.hpp"
#include "tests/fuzz/read_all.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return read_all(data, size, [](fanin::Bytes bytes) {
    if (fanin::looks_like_zip(bytes)) return fanin::parse_npz(bytes, "fuzz", nullptr);
    fanin::TensorFile file;
    file.tensors.push_back(fanin::parse_npy(bytes, "fuzz", "array", nullptr));
    return file;
  });
}
