// A file of unknown kind: what it is, which parser takes it, and which of its dicts is the model.
#include "framework/io/file_kind.hpp"
#include "framework/io/nested_dict.hpp"
#include "framework/io/tensor_file.hpp"
#include "framework/io/zip.hpp"
#include "tests/fuzz/read_all.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return read_all(data, size, [](fanin::Bytes bytes) {
    const std::string kind = fanin::file_kind(bytes);
    for (const char c : kind) {
      if (static_cast<unsigned char>(c) < 0x20) __builtin_trap();  // it goes to a terminal
    }
    fanin::TensorFile file = fanin::parse_tensor_file(bytes, "fuzz", nullptr);
    for (const auto& dict : file.dicts) fanin::parse_tensor_file(bytes, "fuzz", nullptr, dict.path);
    return file;
  });
}
