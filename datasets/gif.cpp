#include "datasets/gif.hpp"

#include <array>

#include <fanin/core/error.hpp>

namespace fanin::datasets {
namespace {

struct Palette {
  std::array<std::array<std::uint8_t, 3>, 256> colours{};
  std::size_t size = 0;
};

/// The file's bytes in order; Error where they end.
class Source {
 public:
  Source(std::span<const std::uint8_t> file, const std::string& path) : rest_(file), path_(path) {}

  [[noreturn]] void broken(const std::string& why) const { fail("{}: broken image ({})", path_, why); }
  std::span<const std::uint8_t> take(std::size_t count) {
    if (rest_.size() < count) broken("the GIF data are cut short");
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  unsigned byte() { return take(1)[0]; }
  unsigned word() {
    const auto bytes = take(2);
    return bytes[0] | static_cast<unsigned>(bytes[1]) << 8;
  }
  /// A run of blocks up to the empty one.
  void skip_blocks() {
    while (const unsigned size = byte()) take(size);
  }
  Palette palette(unsigned flags) {
    Palette all;
    if ((flags & 0x80) == 0) return all;
    all.size = std::size_t{2} << (flags & 7);
    for (std::size_t i = 0; i < all.size; ++i) {
      const auto rgb = take(3);
      all.colours[i] = {rgb[0], rgb[1], rgb[2]};
    }
    return all;
  }

 private:
  std::span<const std::uint8_t> rest_;
  const std::string& path_;
};

/// LZW as GIF has it: codes of growing width, packed from the low bit up, in blocks of at most 255 bytes.
class Lzw {
 public:
  explicit Lzw(Source& source) : source_(source), root_bits_(source.byte()) {
    if (root_bits_ < 1 || root_bits_ > 8)
      source_.broken(fmt::format("GIF has no codes of {} bits", root_bits_));
    for (unsigned i = 0; i < clear(); ++i)
      entries_[i] = {0, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i)};
    restart();
  }

  /// The next string of palette indices, its last first; false at the end of the picture.
  bool next(std::array<std::uint8_t, 4096>& reversed, std::size_t& length) {
    while (true) {
      const int read = code();
      if (read < 0) return false;
      const auto found = static_cast<unsigned>(read);
      if (found == clear()) {
        restart();
        continue;
      }
      if (found == clear() + 1) return false;
      if (found > size_ || (found == size_ && (!has_last_ || size_ == most_codes)) ||
          (!has_last_ && found >= clear()))
        source_.broken("its GIF codes make no sense");
      if (has_last_ && size_ < most_codes) {
        const unsigned first = found == size_ ? entries_[last_].first : entries_[found].first;
        entries_[size_++] = {static_cast<std::uint16_t>(last_), entries_[last_].first,
                             static_cast<std::uint8_t>(first)};
        if (size_ == (1u << bits_) && bits_ < 12) ++bits_;
      }
      last_ = found;
      has_last_ = true;
      length = 0;
      unsigned at = found;
      for (; at > clear(); at = entries_[at].before) reversed[length++] = entries_[at].value;
      reversed[length++] = entries_[at].value;
      return true;
    }
  }

 private:
  static constexpr unsigned most_codes = 4096;
  struct Entry {
    std::uint16_t before;
    std::uint8_t first, value;
  };

  unsigned clear() const { return 1u << root_bits_; }
  void restart() {
    bits_ = root_bits_ + 1;
    size_ = clear() + 2;
    has_last_ = false;
  }
  /// -1 behind the last block.
  int code() {
    while (held_ < bits_) {
      if (block_.empty()) {
        if (ended_) return -1;
        const unsigned size = source_.byte();
        ended_ = size == 0;
        if (ended_) return -1;
        block_ = source_.take(size);
      }
      buffer_ |= static_cast<unsigned>(block_[0]) << held_;
      block_ = block_.subspan(1);
      held_ += 8;
    }
    const unsigned found = buffer_ & ((1u << bits_) - 1);
    buffer_ >>= bits_;
    held_ -= bits_;
    return static_cast<int>(found);
  }

  Source& source_;
  unsigned root_bits_;
  std::array<Entry, most_codes> entries_{};
  unsigned bits_ = 0, size_ = 0, last_ = 0;
  bool has_last_ = false, ended_ = false;
  std::span<const std::uint8_t> block_{};
  unsigned buffer_ = 0, held_ = 0;
};

struct Frame {
  Index x, y, width, height;
  bool interlaced;
};

/// The row of a frame that comes `n`-th.
Index row_of(const Frame& frame, Index n) {
  if (!frame.interlaced) return n;
  constexpr Index starts[4] = {0, 4, 2, 1}, steps[4] = {8, 8, 4, 2};
  for (int pass = 0; pass < 4; ++pass) {
    const Index rows =
        frame.height > starts[pass] ? (frame.height - starts[pass] + steps[pass] - 1) / steps[pass] : 0;
    if (n < rows) return starts[pass] + n * steps[pass];
    n -= rows;
  }
  return frame.height - 1;
}

void read_frame(Source& source, const Frame& frame, const Palette& palette, int transparent,
                const PixelWriter& writer, Raster& image) {
  Lzw codes(source);
  std::array<std::uint8_t, 4096> reversed;
  std::size_t length = 0;
  Index done = 0;
  const Index wanted = frame.width * frame.height;
  Index row = row_of(frame, 0), column = 0, rows = 0;
  while (done < wanted) {
    if (!codes.next(reversed, length)) source.broken(fmt::format("it has {} of its {} pixels", done, wanted));
    while (length > 0 && done < wanted) {
      const std::uint8_t index = reversed[--length];
      if (index != transparent) {
        if (index >= palette.size)
          source.broken(fmt::format("a pixel has colour {} of a palette of {}", index, palette.size));
        const auto& [red, green, blue] = palette.colours[index];
        writer.put(image.pixels.data() + ((frame.y + row) * image.width + frame.x + column) * image.channels,
                   red, green, blue, 255);
      }
      ++done;
      if (++column < frame.width) continue;
      column = 0;
      row = row_of(frame, ++rows);
    }
  }
}

}  // namespace

Raster decode_gif(std::span<const std::uint8_t> file, const std::string& path, Index channels,
                  const Background& background) {
  Source source(file, path);
  source.take(6);
  Raster image{.width = source.word(), .height = source.word(), .channels = channels};
  const unsigned flags = source.byte();
  source.take(2);  // the background's index, which viewers pass over, and the pixels' aspect
  require_bearable(path, image.width, image.height);
  const Palette shared = source.palette(flags);
  int transparent = -1;
  while (true) {
    const unsigned tag = source.byte();
    if (tag == 0x3b) source.broken("it has no picture");
    if (tag == 0x21) {
      const bool control = source.byte() == 0xf9;
      const unsigned size = source.byte();
      const auto block = source.take(size);
      if (control && size == 4) transparent = (block[0] & 1) != 0 ? block[3] : -1;
      if (size != 0) source.skip_blocks();
      continue;
    }
    if (tag != 0x2c) source.broken("it has a GIF block of unknown kind");
    Frame frame{.x = source.word(),
                .y = source.word(),
                .width = source.word(),
                .height = source.word(),
                .interlaced = false};
    const unsigned frame_flags = source.byte();
    frame.interlaced = (frame_flags & 0x40) != 0;
    if (frame.x + frame.width > image.width || frame.y + frame.height > image.height)
      source.broken("its first frame is larger than the picture");
    const Palette own = source.palette(frame_flags);
    const Palette& palette = own.size > 0 ? own : shared;
    if (palette.size == 0) source.broken("its palette is missing");
    image.pixels.resize(static_cast<std::size_t>(channels * image.width * image.height));
    const PixelWriter writer(channels, background);
    for (Index i = 0; i < image.width * image.height; ++i)
      writer.put(image.pixels.data() + i * channels, 0, 0, 0, 0);
    if (frame.width > 0 && frame.height > 0) read_frame(source, frame, palette, transparent, writer, image);
    return image;
  }
}

}  // namespace fanin::datasets
