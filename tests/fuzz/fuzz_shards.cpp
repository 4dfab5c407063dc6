// An index of shards, of which each is the same small file.
#include <fanin/io/shard_index.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/fuzz/read_all.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return read_all(data, size, [](fanin::io::Bytes bytes) {
    return fanin::io::read_shards(bytes, "folder/fuzz", [](const std::string& path) {
      if (!path.starts_with("folder/") || path.find('/', 7) != std::string::npos)
        __builtin_trap();  // it left its folder
      static const std::string header = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
      static const std::string shard =
          std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header + "abcd";
      return fanin::io::parse_tensor_file(std::as_bytes(std::span(shard.data(), shard.size())), path,
                                          nullptr);
    });
  });
}
