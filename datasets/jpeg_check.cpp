#include "datasets/jpeg_check.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fanin/core/fail.hpp>

#include "datasets/exif.hpp"
#include "datasets/raster.hpp"

namespace fanin::datasets {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr int most_scans = 1000;  // each walks the whole image; cameras and encoders write up to a dozen

struct Component {
  unsigned id = 0, across = 0, down = 0, quantization = 0;
  bool seen = false;  // in a scan
};

class Checker {
 public:
  Checker(Bytes file, const std::string& path) : file_(file), path_(path) {}

  JpegHeader check() {
    at_ = 2;  // behind the start marker
    bool in_scan = false;
    while (true) {
      const unsigned marker = next_marker(in_scan);
      if (marker == 0xd9) break;
      if (marker == 0) {  // the file ends without an end marker: stb_image says what that means
        if (scans_ == 0) broken("the JPEG data are cut short");
        break;
      }
      in_scan = false;
      if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
        in_scan = marker >= 0xd0 && marker <= 0xd7 && scans_ > 0;
        continue;
      }
      const Bytes segment = next_segment();
      if (marker == 0xc4)
        huffman_tables(segment);
      else if (marker == 0xdb)
        quantization_tables(segment);
      else if (marker == 0xe1)
        exif(segment);
      else if (marker == 0xda) {
        scan(segment);
        in_scan = true;
      } else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc8 && marker != 0xcc)
        frame(marker, segment);
    }
    if (components_ == 0) broken("it has no JPEG frame");
    if (scans_ == 0) broken("it has no pixels");
    for (unsigned i = 0; i < components_; ++i)
      if (!frame_[i].seen) broken(fmt::format("no scan has its component {}", i + 1));
    return header_;
  }

 private:
  [[noreturn]] void broken(const std::string& why) const { fail("{}: broken image ({})", path_, why); }

  /// The next marker, behind entropy-coded data where there are any; 0 at the file's end.
  unsigned next_marker(bool in_scan) {
    while (at_ < file_.size()) {
      if (file_[at_] != 0xff) {
        // stb_image scans for a marker before the frame too; elsewhere nothing may stand between segments.
        if (!in_scan && components_ > 0 && scans_ == 0) broken("a JPEG marker is missing");
        ++at_;
        continue;
      }
      while (at_ < file_.size() && file_[at_] == 0xff) ++at_;
      if (at_ == file_.size()) return 0;
      const unsigned marker = file_[at_++];
      if (marker != 0) return marker;  // 0: an 0xff of the data
    }
    return 0;
  }

  Bytes next_segment() {
    if (file_.size() - at_ < 2) broken("the JPEG data are cut short");
    const std::size_t length = static_cast<std::size_t>(file_[at_]) << 8 | file_[at_ + 1];
    if (length < 2) broken("a JPEG segment has no length");
    if (length > file_.size() - at_) broken("the JPEG data are cut short");
    const Bytes segment = file_.subspan(at_ + 2, length - 2);
    at_ += length;
    return segment;
  }

  void huffman_tables(Bytes rest) {
    while (!rest.empty()) {
      const unsigned kind = rest[0] >> 4, number = rest[0] & 15;
      if (kind > 1 || number > 3) broken("a Huffman table has a number that JPEG does not have");
      if (rest.size() < 17) broken("a Huffman table is cut short");
      std::size_t codes = 0;
      unsigned used = 0, last_length = 0;  // of the codes of this length
      for (unsigned length = 1; length <= 16; ++length) {
        const unsigned count = rest[length];
        codes += count;
        used = 2 * used + count;
        if (used > (1u << length)) broken("a Huffman table has more codes than their lengths leave room for");
        if (count > 0) last_length = length;
      }
      if (codes > 256) broken(fmt::format("a Huffman table has {} codes, at most 256 fit", codes));
      // stb_image marks with 255 what its table of short codes does not know, and then would not know code
      // 255.
      if (codes == 256 && last_length <= 9) broken("a Huffman table has 256 short codes");
      if (rest.size() < 17 + codes) broken("a Huffman table is cut short");
      if (kind == 0)
        for (const std::uint8_t symbol : rest.subspan(17, codes))
          if (symbol > 15)
            broken(fmt::format("a Huffman table has the symbol {}, where at most 15 makes sense", symbol));
      defined_[kind][number] = true;
      rest = rest.subspan(17 + codes);
    }
  }

  void quantization_tables(Bytes rest) {
    while (!rest.empty()) {
      const unsigned precision = rest[0] >> 4, number = rest[0] & 15;
      if (precision > 1 || number > 3) broken("a quantization table has a number that JPEG does not have");
      const std::size_t size = 1 + 64 * (precision + 1);
      if (rest.size() < size) broken("a quantization table is cut short");
      quantized_[number] = true;
      rest = rest.subspan(size);
    }
  }

  void exif(Bytes segment) {
    constexpr std::string_view mark("Exif\0\0", 6);
    const std::string_view text(reinterpret_cast<const char*>(segment.data()), segment.size());
    if (!text.starts_with(mark) || has_exif_) return;
    has_exif_ = true;
    header_.orientation = exif_orientation(segment.subspan(mark.size()));
  }

  void frame(unsigned marker, Bytes segment) {
    if (components_ > 0) broken("it has two JPEG frames");
    if (marker > 0xc2)
      fail(
          "{}: a JPEG image of a kind that is not read (lossless, hierarchical or arithmetic coding); convert it",
          path_);
    if (segment.size() < 6) broken("its JPEG frame is cut short");
    if (segment[0] != 8) fail("{}: a JPEG image of {} bits a sample; only 8 are read", path_, segment[0]);
    header_.height = segment[1] << 8 | segment[2];
    header_.width = segment[3] << 8 | segment[4];
    require_bearable(path_, header_.width, header_.height);
    const unsigned count = segment[5];
    if (count != 1 && count != 3 && count != 4) broken(fmt::format("a JPEG frame of {} components", count));
    if (segment.size() != 6 + 3 * std::size_t{count}) broken("its JPEG frame has the wrong length");
    unsigned most_across = 0, most_down = 0;
    for (unsigned i = 0; i < count; ++i) {
      const auto at = segment.subspan(6 + 3 * std::size_t{i}, 3);
      frame_[i] = {.id = at[0],
                   .across = static_cast<unsigned>(at[1] >> 4),
                   .down = static_cast<unsigned>(at[1] & 15),
                   .quantization = at[2]};
      const Component& one = frame_[i];
      if (one.across < 1 || one.across > 4 || one.down < 1 || one.down > 4)
        broken("a sampling factor is not 1 to 4");
      if (one.quantization > 3) broken("a component has a quantization table that JPEG does not have");
      for (unsigned k = 0; k < i; ++k)
        if (frame_[k].id == one.id) broken("two components have one name");
      most_across = std::max(most_across, one.across);
      most_down = std::max(most_down, one.down);
    }
    for (unsigned i = 0; i < count; ++i)
      if (most_across % frame_[i].across != 0 || most_down % frame_[i].down != 0)
        fail("{}: a JPEG image whose sampling factors are no multiples of each other, which is not read",
             path_);
    components_ = count;
    progressive_ = marker == 0xc2;
  }

  void scan(Bytes segment) {
    if (components_ == 0) broken("a JPEG scan comes before the frame");
    if (++scans_ > most_scans) broken(fmt::format("it has more than {} scans", most_scans));
    const unsigned count = segment.empty() ? 0 : segment[0];
    if (count < 1 || count > components_) broken(fmt::format("a JPEG scan of {} components", count));
    if (segment.size() != 4 + 2 * std::size_t{count}) broken("a JPEG scan has the wrong length");
    const auto tail = segment.last(3);
    const unsigned first = tail[0], last = tail[1], high = tail[2] >> 4, low = tail[2] & 15;
    if (progressive_ ? first > last || last > 63 || high > 13 || low > 13 || (first == 0) != (last == 0) ||
                           (first > 0 && count > 1)
                     : first != 0 || high != 0 || low != 0)
      broken("a JPEG scan asks for coefficients that do not exist");
    std::array<bool, 4> taken{};
    for (unsigned i = 0; i < count; ++i) {
      const unsigned id = segment[1 + 2 * i], tables = segment[2 + 2 * i];
      const auto found = std::find_if(frame_.begin(), frame_.begin() + components_,
                                      [&](const Component& one) { return one.id == id; });
      if (found == frame_.begin() + components_)
        broken("a JPEG scan has a component that the frame does not have");
      bool& twice = taken[static_cast<std::size_t>(found - frame_.begin())];
      if (twice) broken("a JPEG scan has a component twice");
      twice = true;
      const unsigned dc = tables >> 4, ac = tables & 15;
      const bool uses_dc = first == 0 && high == 0, uses_ac = !progressive_ || first > 0;
      if (dc > 3 || ac > 3 || (uses_dc && !defined_[0][dc]) || (uses_ac && !defined_[1][ac]))
        broken("a JPEG scan uses a Huffman table that the file does not define");
      if (!quantized_[found->quantization])
        broken("a JPEG scan uses a quantization table that the file does not define");
      found->seen = found->seen || first == 0;
      if (!found->seen) broken("a JPEG scan refines what no scan has begun");
    }
  }

  Bytes file_;
  const std::string& path_;
  std::size_t at_ = 0;
  JpegHeader header_;
  bool has_exif_ = false, progressive_ = false;
  unsigned components_ = 0;
  std::array<Component, 4> frame_{};
  std::array<std::array<bool, 4>, 2> defined_{};
  std::array<bool, 4> quantized_{};
  int scans_ = 0;
};

}  // namespace

JpegHeader check_jpeg(std::span<const std::uint8_t> file, const std::string& path) {
  return Checker(file, path).check();
}

}  // namespace fanin::datasets
