#include "framework/io/pickle.hpp"
#include "framework/io/torch_file.hpp"
#include "framework/io/zip.hpp"
#include "tests/fuzz/read_all.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return read_all(data, size, [](fanin::Bytes bytes) {
    if (fanin::looks_like_zip(bytes)) return fanin::parse_torch_zip(bytes, "fuzz", nullptr);
    try {
      // Mutants of a zip fail its CRCs: run the machine on the bytes themselves too.
      fanin::Pickle(bytes, "fuzz");
    } catch (const fanin::Error&) {
    }
    return fanin::parse_torch_legacy(bytes, "fuzz", nullptr);
  });
}
