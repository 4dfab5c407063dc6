#include <stdlib.h>
#include <unistd.h>

#include <fanin/io/onnx_file.hpp>

#include "tests/fuzz/read_all.hpp"

namespace {

/// Every name beside a model is this file of 4 kB.
std::shared_ptr<const fanin::io::MappedFile> beside(const std::string&) {
  static const auto map = [] {
    char path[] = "/tmp/fanin-fuzz-XXXXXX";
    const int descriptor = ::mkstemp(path);
    if (descriptor < 0 || ::ftruncate(descriptor, 4096) != 0) ::abort();
    ::close(descriptor);
    auto opened = fanin::io::MappedFile::open(path);
    ::unlink(path);
    return opened;
  }();
  return map;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return read_all(data, size, [](fanin::io::Bytes bytes) {
    fanin::io::looks_like_onnx(bytes);
    return fanin::io::parse_onnx(bytes, "fuzz", nullptr, beside);
  });
}
