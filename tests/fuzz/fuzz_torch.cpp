#include <fanin/core/fail.hpp>
#include <fanin/io/pickle.hpp>
#include <fanin/io/torch_file.hpp>
#include <fanin/io/torch_tensors.hpp>
#include <fanin/io/zip.hpp>

#include "tests/fuzz/read_all.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return read_all(data, size, [](fanin::io::Bytes bytes) {
    if (fanin::io::looks_like_zip(bytes)) return fanin::io::parse_torch_zip(bytes, "fuzz", nullptr);
    try {
      // Mutants of a zip fail its CRCs: run the machine on the bytes themselves too, with storages of zeros.
      static const std::vector<std::byte> zeros(1 << 16);
      const fanin::io::Pickle pickle(bytes, "fuzz");
      fanin::io::describe(pickle.result());
      fanin::io::TensorFile file{
          .format = fanin::io::FileFormat::torch_zip, .path = "fuzz", .tensors = {}, .metadata = {}};
      fanin::io::collect_torch_tensors(
          file, pickle.result(), {bytes.size(), false, nullptr},
          [](const fanin::io::PickleValue& storage) {
            const auto wanted = static_cast<std::uint64_t>(storage.integer);
            if (wanted > zeros.size() / fanin::io::size_of(storage.dtype))
              fanin::fail("a storage of {} elements", wanted);
            return fanin::io::TorchStorage{zeros, nullptr};
          },
          "");
      return file;
    } catch (const fanin::Error&) {
    }
    return fanin::io::parse_torch_legacy(bytes, "fuzz", nullptr);
  });
}
