// Whatever bytes an image file holds: pixels of exactly the form asked for, or an Error. In this process,
// under the sanitizers: what the checks let through to stb_image must not harm it either. The first byte
// chooses gray or colour.
#include <cstdlib>
#include <new>

#include <fanin/core/error.hpp>

#include "datasets/image.hpp"

namespace {

/// Room for a side of so many pixels would only cost time: the size stands in the clear at a place of each
/// format.
bool is_large(const std::uint8_t* bytes, std::size_t size) {
  constexpr unsigned long most = 1 << 10;
  const auto number = [&](std::size_t at, int count, bool little) {
    unsigned long value = 0;
    for (int i = 0; i < count; ++i) {
      const std::size_t byte = at + static_cast<std::size_t>(little ? count - 1 - i : i);
      value = value << 8 | (byte < size ? bytes[byte] : 0);
    }
    return value;
  };
  if (size < 4) return false;
  if (bytes[0] == 0x89) return number(16, 4, false) > most || number(20, 4, false) > most;
  if (bytes[0] == 'G') return number(6, 2, true) > most || number(8, 2, true) > most;
  if (bytes[0] == 'B')
    return number(18, 4, true) > most ||
           (number(22, 4, true) > most && number(22, 4, true) < (1ul << 32) - most);
  for (std::size_t at = 2; at + 9 < size; ++at)
    if (bytes[at] == 0xff && bytes[at + 1] >= 0xc0 && bytes[at + 1] <= 0xc2 &&
        (bytes[at + 5] > 3 || bytes[at + 7] > 3))
      return true;
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const fanin::datasets::ImageForm form{
      .channels = bytes[0] % 2 == 0 ? 1 : 3, .height = 5, .width = 7, .background = {1, 2, 3}};
  if (is_large(bytes + 1, size - 1)) return 0;
  try {
    const auto pixels = fanin::datasets::decode_image({bytes + 1, size - 1}, "input", form);
    if (pixels.size() != static_cast<std::size_t>(form.channels * form.height * form.width)) std::abort();
  } catch (const fanin::Error&) {
  }
  return 0;
}
