#include <fanin/io/safetensors.hpp>

#include "tests/fuzz/read_all.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return read_all(data, size, [](fanin::io::Bytes bytes) {
    return fanin::io::parse_safetensors(bytes, "fuzz", nullptr);
  });
}
