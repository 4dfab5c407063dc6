#include "datasets/png.hpp"

#include <zlib.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include <fanin/core/error.hpp>

#include "datasets/exif.hpp"

namespace fanin::datasets {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint32_t big_endian(Bytes bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

struct Chunk {
  std::string_view type;
  Bytes data;
};

/// What a file says before its pixels.
struct Header {
  Index width = 0, height = 0;
  int depth = 0, colour = 0;
  bool interlaced = false;
  struct Colour {
    std::uint8_t red = 0, green = 0, blue = 0, alpha = 255;
  };
  std::array<Colour, 256> palette{};
  std::size_t palette_size = 0;
  bool has_transparent = false;
  std::array<std::uint32_t, 3> transparent{};  ///< the one colour that is, in the file's depth

  bool paletted() const { return colour == 3; }
  bool coloured() const { return (colour & 2) != 0; }
  bool has_alpha() const { return (colour & 4) != 0; }
  int parts() const { return paletted() ? 1 : (coloured() ? 3 : 1) + (has_alpha() ? 1 : 0); }
  std::uint32_t most() const { return (std::uint32_t{1} << depth) - 1; }
  std::size_t row_bytes(Index columns) const {
    return (static_cast<std::size_t>(columns) * static_cast<std::size_t>(parts() * depth) + 7) / 8;
  }
};

class Decoder {
 public:
  Decoder(Bytes file, const std::string& path) : file_(file), path_(path) {}
  ~Decoder() {
    if (inflating_) inflateEnd(&stream_);
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Raster decode(Index channels, const Background& background, int& orientation) {
    read_header(orientation);
    Raster image{.width = header_.width, .height = header_.height, .channels = channels};
    image.pixels.resize(static_cast<std::size_t>(channels * header_.width * header_.height));
    if (inflateInit(&stream_) != Z_OK) broken("zlib cannot start");
    inflating_ = true;
    const PixelWriter writer(channels, background);
    if (!header_.interlaced) {
      read_pass(image, writer, 0, 0, 1, 1);
      return image;
    }
    constexpr Index passes[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                    {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    for (const auto& [x, y, dx, dy] : passes) read_pass(image, writer, x, y, dx, dy);
    return image;
  }

 private:
  [[noreturn]] void broken(const std::string& why) const { fail("{}: broken image ({})", path_, why); }

  /// The chunk at `at_`, which moves behind it; its checksum is checked where it matters for the pixels.
  Chunk next_chunk() {
    if (file_.size() - at_ < 8) broken("the PNG data are cut short");
    const std::size_t length = big_endian(file_, at_);
    if (file_.size() - at_ < 12 || length > file_.size() - at_ - 12) broken("the PNG data are cut short");
    Chunk chunk{{reinterpret_cast<const char*>(file_.data()) + at_ + 4, 4}, file_.subspan(at_ + 8, length)};
    if (chunk.type == "IHDR")
      read_size(chunk.data);  // an image too large is called that, whatever its checksum
    const auto checksum = crc32(0, file_.data() + at_ + 4, static_cast<uInt>(length + 4));
    const bool matters =
        chunk.type == "IHDR" || chunk.type == "PLTE" || chunk.type == "tRNS" || chunk.type == "IDAT";
    if (matters && checksum != big_endian(file_, at_ + 8 + length))
      broken(fmt::format("the checksum of its {} is wrong", chunk.type));
    at_ += 12 + length;
    return chunk;
  }

  void read_size(Bytes data) {
    if (data.size() != 13) broken("its PNG header has the wrong length");
    header_.width = big_endian(data, 0);
    header_.height = big_endian(data, 4);
    require_bearable(path_, header_.width, header_.height);
  }

  void read_header(int& orientation) {
    Chunk chunk = next_chunk();
    if (chunk.type == "CgBI")
      fail("{}: a PNG in Apple's own form (CgBI), which is not read; convert it to plain PNG", path_);
    if (chunk.type != "IHDR") broken("its first PNG chunk is no header");
    header_.depth = chunk.data[8];
    header_.colour = chunk.data[9];
    header_.interlaced = chunk.data[12] == 1;
    require_known_form(chunk.data);
    while ((chunk = next_chunk()).type != "IDAT") {
      if (chunk.type == "PLTE")
        read_palette(chunk.data);
      else if (chunk.type == "tRNS")
        read_transparency(chunk.data);
      else if (chunk.type == "eXIf")
        orientation = exif_orientation(chunk.data);
      else if (chunk.type == "IEND")
        broken("it has no pixels");
      else if (chunk.type == "IHDR")
        broken("it has two PNG headers");
      else if ((chunk.type[0] & 0x20) == 0)
        broken("it has a PNG chunk of unknown kind");
    }
    if (header_.paletted() && header_.palette_size == 0) broken("its palette is missing");
    data_ = chunk.data;
    if (orientation == 1) orientation = orientation_behind(at_);
  }

  /// What an eXIf chunk behind the pixels says; nothing there can make the file a broken one.
  int orientation_behind(std::size_t at) const {
    while (at < file_.size() && file_.size() - at >= 12) {
      const std::size_t length = big_endian(file_, at);
      if (length > file_.size() - at - 12) return 1;
      if (std::string_view(reinterpret_cast<const char*>(file_.data()) + at + 4, 4) == "eXIf")
        return exif_orientation(file_.subspan(at + 8, length));
      at += 12 + length;
    }
    return 1;
  }

  void require_known_form(Bytes data) const {
    const int depth = header_.depth;
    const bool power = depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    const bool fits = header_.colour == 0   ? power
                      : header_.colour == 3 ? power && depth <= 8
                                            : depth == 8 || depth == 16;
    const bool known = header_.colour == 0 || header_.colour == 2 || header_.colour == 3 ||
                       header_.colour == 4 || header_.colour == 6;
    if (!known || !fits) broken(fmt::format("PNG has no colour type {} of {} bits", header_.colour, depth));
    if (data[10] != 0 || data[11] != 0 || data[12] > 1) broken("its PNG header asks for an unknown method");
  }

  void read_palette(Bytes data) {
    if (data.size() % 3 != 0 || data.size() > 768 || data.empty()) broken("its palette has the wrong length");
    header_.palette_size = data.size() / 3;
    for (std::size_t i = 0; i < header_.palette_size; ++i)
      header_.palette[i] = {data[3 * i], data[3 * i + 1], data[3 * i + 2], header_.palette[i].alpha};
  }

  void read_transparency(Bytes data) {
    if (header_.paletted()) {
      if (data.size() > 256) broken("its transparency has the wrong length");
      for (std::size_t i = 0; i < data.size(); ++i) header_.palette[i].alpha = data[i];
      return;
    }
    const std::size_t parts = header_.coloured() ? 3 : 1;
    if (header_.has_alpha() || data.size() != 2 * parts) broken("its transparency has the wrong length");
    for (std::size_t i = 0; i < parts; ++i)
      header_.transparent[i] = (std::uint32_t{data[2 * i]} << 8 | data[2 * i + 1]) & header_.most();
    header_.has_transparent = true;
  }

  /// The next bytes of pixels, out of as many IDAT chunks as they take.
  void inflate_into(std::span<std::uint8_t> out) {
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    while (stream_.avail_out > 0) {
      if (stream_.avail_in == 0) {
        while (data_.empty()) {
          const Chunk chunk = next_chunk();
          if (chunk.type == "IEND") broken("it has fewer pixels than its header says");
          if (chunk.type == "IDAT") data_ = chunk.data;
        }
        stream_.next_in = const_cast<Bytef*>(data_.data());
        stream_.avail_in = static_cast<uInt>(data_.size());
        data_ = {};
      }
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_STREAM_END && stream_.avail_out > 0) broken("it has fewer pixels than its header says");
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        broken(stream_.msg ? stream_.msg : "its compressed data are corrupt");
    }
  }

  static std::uint8_t paeth(int left, int above, int corner) {
    const int guess = left + above - corner;
    const int to_left = std::abs(guess - left), to_above = std::abs(guess - above),
              to_corner = std::abs(guess - corner);
    return static_cast<std::uint8_t>(to_left <= to_above && to_left <= to_corner ? left
                                     : to_above <= to_corner                     ? above
                                                                                 : corner);
  }

  void unfilter(int filter, std::span<std::uint8_t> row, std::span<const std::uint8_t> above,
                std::size_t step) const {
    const auto add = [&](const auto& guess) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        const int left = i >= step ? row[i - step] : 0, corner = i >= step ? above[i - step] : 0;
        row[i] = static_cast<std::uint8_t>(row[i] + guess(left, above[i], corner));
      }
    };
    switch (filter) {
      case 0:
        return;
      case 1:
        return add([](int left, int, int) { return left; });
      case 2:
        return add([](int, int up, int) { return up; });
      case 3:
        return add([](int left, int up, int) { return (left + up) / 2; });
      case 4:
        return add([](int left, int up, int corner) { return int{paeth(left, up, corner)}; });
      default:
        broken(fmt::format("PNG has no filter {}", filter));
    }
  }

  /// The rows of one pass, whose pixels stand at (x + i·dx, y + j·dy).
  void read_pass(Raster& image, const PixelWriter& writer, Index x, Index y, Index dx, Index dy) {
    if (x >= image.width || y >= image.height) return;
    const Index columns = (image.width - x + dx - 1) / dx;
    const std::size_t size = header_.row_bytes(columns);
    const auto step = static_cast<std::size_t>(std::max(1, header_.parts() * header_.depth / 8));
    std::vector<std::uint8_t> row(size), above(size);
    for (Index j = y; j < image.height; j += dy) {
      std::uint8_t filter = 0;
      inflate_into({&filter, 1});
      inflate_into(row);
      unfilter(filter, row, above, step);
      std::uint8_t* out = image.pixels.data() + (j * image.width + x) * image.channels;
      for (Index i = 0; i < columns; ++i, out += dx * image.channels) put_pixel(writer, row, i, out);
      row.swap(above);
    }
  }

  std::uint32_t part(std::span<const std::uint8_t> row, Index index) const {
    const auto i = static_cast<std::size_t>(index);
    if (header_.depth == 8) return row[i];
    if (header_.depth == 16) return std::uint32_t{row[2 * i]} << 8 | row[2 * i + 1];
    const auto depth = static_cast<std::size_t>(header_.depth);
    const std::size_t bit = i * depth;
    return (std::uint32_t{row[bit / 8]} >> (8 - depth - bit % 8)) & header_.most();
  }

  void put_pixel(const PixelWriter& writer, std::span<const std::uint8_t> row, Index i,
                 std::uint8_t* out) const {
    const Header& h = header_;
    if (h.paletted()) {
      const std::uint32_t index = part(row, i);
      if (index >= h.palette_size)
        broken(fmt::format("a pixel has colour {} of a palette of {}", index, h.palette_size));
      const auto& c = h.palette[index];
      return writer.put(out, c.red, c.green, c.blue, c.alpha);
    }
    const Index at = i * h.parts();
    const std::uint32_t red = part(row, at), green = h.coloured() ? part(row, at + 1) : red,
                        blue = h.coloured() ? part(row, at + 2) : red;
    // Depths below 8 are stretched to it.
    const std::uint32_t most = h.depth == 16 ? 65535 : 255, scale = h.depth < 8 ? 255 / h.most() : 1;
    std::uint32_t alpha = most;
    if (h.has_alpha()) alpha = part(row, at + h.parts() - 1);
    if (h.has_transparent && red == h.transparent[0] &&
        (!h.coloured() || (green == h.transparent[1] && blue == h.transparent[2])))
      alpha = 0;
    writer.put(out, red * scale, green * scale, blue * scale, alpha, most);
  }

  Bytes file_;
  const std::string& path_;
  std::size_t at_ = 8;  // behind the signature
  Header header_;
  Bytes data_;  // of the chunk that is next to be inflated
  z_stream stream_{};
  bool inflating_ = false;
};

}  // namespace

Raster decode_png(std::span<const std::uint8_t> file, const std::string& path, Index channels,
                  const Background& background, int& orientation) {
  orientation = 1;
  return Decoder(file, path).decode(channels, background, orientation);
}

}  // namespace fanin::datasets
