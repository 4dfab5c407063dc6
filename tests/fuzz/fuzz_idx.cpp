// Whatever bytes an IDX file holds: an array of exactly the size its header says, or an Error. The first byte
// of the input is the rank asked for.
#include <cstdlib>

#include <fanin/core/error.hpp>

#include "datasets/idx.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const int rank = bytes[0] % 2 == 0 ? 1 : 3;
  try {
    const fanin::datasets::IdxArray array =
        fanin::datasets::parse_idx({bytes + 1, bytes + size}, rank, "input", "make it");
    std::size_t expected = 1;
    for (const fanin::Index length : array.sizes) expected *= static_cast<std::size_t>(length);
    const bool whole =
        expected > 0 && array.bytes.size() % expected == 0 && array.bytes.size() / expected <= 4;
    if (!whole || (rank == 3 && (array.bytes.size() != expected || array.sizes.size() != 3)) ||
        (rank == 1 && array.sizes.size() > 2))
      std::abort();
  } catch (const fanin::Error&) {
  }
  return 0;
}
