// A file of unknown kind: what it is, which parser takes it, and which of its dicts is the model.
#include <fanin/io/file_kind.hpp>
#include <fanin/io/nested_dict.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/zip.hpp>

#include "tests/fuzz/read_all.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return read_all(data, size, [](fanin::io::Bytes bytes) {
    const std::string kind = fanin::io::file_kind(bytes);
    for (const char c : kind) {
      if (static_cast<unsigned char>(c) < 0x20) __builtin_trap();  // it goes to a terminal
    }
    fanin::io::TensorFile file = fanin::io::parse_tensor_file(bytes, "fuzz", nullptr);
    for (const auto& dict : file.dicts) fanin::io::parse_tensor_file(bytes, "fuzz", nullptr, dict.path);
    return file;
  });
}
