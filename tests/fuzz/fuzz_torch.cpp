#include "framework/io/pickle.hpp"
#include "framework/io/torch_file.hpp"
#include "framework/io/torch_tensors.hpp"
#include "framework/io/zip.hpp"
#include "tests/fuzz/read_all.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return read_all(data, size, [](fanin::Bytes bytes) {
    if (fanin::looks_like_zip(bytes)) return fanin::parse_torch_zip(bytes, "fuzz", nullptr);
    try {
      // Mutants of a zip fail its CRCs: run the machine on the bytes themselves too, with storages of zeros.
      static const std::vector<std::byte> zeros(1 << 16);
      const fanin::Pickle pickle(bytes, "fuzz");
      fanin::describe(pickle.result());
      fanin::TensorFile file{
          .format = fanin::FileFormat::torch_zip, .path = "fuzz", .tensors = {}, .metadata = {}};
      fanin::collect_torch_tensors(
          file, pickle.result(), {bytes.size(), false, nullptr},
          [](const fanin::PickleValue& storage) {
            const auto wanted = static_cast<std::uint64_t>(storage.integer);
            if (wanted > zeros.size() / fanin::size_of(storage.dtype))
              fanin::fail("a storage of {} elements", wanted);
            return fanin::TorchStorage{zeros, nullptr};
          },
          "");
      return file;
    } catch (const fanin::Error&) {
    }
    return fanin::parse_torch_legacy(bytes, "fuzz", nullptr);
  });
}
