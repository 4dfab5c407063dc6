#include <fanin/io/numpy_file.hpp>
#include <fanin/io/zip.hpp>

#include "tests/fuzz/read_all.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return read_all(data, size, [](fanin::io::Bytes bytes) {
    if (fanin::io::looks_like_zip(bytes)) return fanin::io::parse_npz(bytes, "fuzz", nullptr);
    fanin::io::TensorFile file;
    file.tensors.push_back(fanin::io::parse_npy(bytes, "fuzz", "array", nullptr));
    return file;
  });
}
