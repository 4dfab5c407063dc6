#include "datasets/png.hpp"

#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <string_view>

#include <fanin/core/fail.hpp>

#include "datasets/exif.hpp"

namespace fanin::datasets {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint32_t big_endian(Bytes bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

/// libpng on a file in memory. What it finds wrong becomes an Error.
class Reader {
 public:
  Reader(Bytes file, const std::string& path) : rest_(file), path_(path) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    if (png_) info_ = png_create_info_struct(png_);
    if (!info_) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      fail("{}: libpng cannot start", path_);
    }
    png_set_read_fn(png_, this, read);
    png_set_user_limits(png_, static_cast<png_uint_32>(longest_side), static_cast<png_uint_32>(longest_side));
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[noreturn]] void broken(const std::string& why) const { fail("{}: broken image ({})", path_, why); }

  /// `call(png, info)`, which may hold nothing that needs destroying: libpng leaves it by longjmp.
  template <class Call>
  void guarded(const Call& call) {
    if (setjmp(png_jmpbuf(png_)) != 0) broken(wrong_);
    call(png_, info_);
  }
  /// What libpng only looks up, and cannot fail in.
  png_structp png() { return png_; }
  png_infop info() { return info_; }

 private:
  static void read(png_structp png, png_bytep to, std::size_t count) {
    Bytes& rest = static_cast<Reader*>(png_get_io_ptr(png))->rest_;
    if (rest.size() < count) png_error(png, "the PNG data are cut short");
    std::copy_n(rest.data(), count, to);
    rest = rest.subspan(count);
  }
  [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
    auto& wrong = static_cast<Reader*>(png_get_error_ptr(png))->wrong_;
    std::snprintf(wrong, sizeof wrong, "%s", message);
    png_longjmp(png, 1);
  }
  /// A text that is damaged may pass; what pixels look like may not.
  static void on_warning(png_structp png, png_const_charp message) {
    if (std::string_view(message).starts_with("tRNS")) png_error(png, message);
  }

  Bytes rest_;
  const std::string& path_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  char wrong_[256] = "";
};

/// The colours of a palette, with their alpha.
struct Palette {
  std::array<std::array<std::uint8_t, 4>, 256> colours{};
  int size = 0;
};

Palette palette_of(Reader& reader) {
  Palette palette;
  png_colorp colours = nullptr;
  png_get_PLTE(reader.png(), reader.info(), &colours, &palette.size);
  png_bytep alpha = nullptr;
  int transparent = 0;
  png_get_tRNS(reader.png(), reader.info(), &alpha, &transparent, nullptr);
  for (int i = 0; i < palette.size; ++i)
    palette.colours[static_cast<std::size_t>(i)] = {colours[i].red, colours[i].green, colours[i].blue,
                                                    i < transparent ? alpha[i] : std::uint8_t{255}};
  return palette;
}

/// What an eXIf chunk says that has been read so far.
int orientation_of(Reader& reader) {
  png_uint_32 size = 0;
  png_bytep exif = nullptr;
  png_get_eXIf_1(reader.png(), reader.info(), &size, &exif);
  return exif ? exif_orientation({exif, size}) : 1;
}

/// A row's pixels, which stand `step` bytes apart in `out`.
class RowWriter {
 public:
  RowWriter(Reader& reader, Index channels, const Background& background)
      : reader_(reader),
        writer_(channels, background),
        paletted_(png_get_color_type(reader.png(), reader.info()) == PNG_COLOR_TYPE_PALETTE),
        palette_(palette_of(reader)),
        parts_(png_get_channels(reader.png(), reader.info())),
        wide_(png_get_bit_depth(reader.png(), reader.info()) == 16) {}

  void write(const std::uint8_t* row, Index columns, std::uint8_t* out, Index step) const {
    for (Index i = 0; i < columns; ++i, out += step) {
      if (paletted_) {
        if (row[i] >= palette_.size)
          reader_.broken(fmt::format("a pixel has colour {} of a palette of {}", row[i], palette_.size));
        const auto& [red, green, blue, alpha] = palette_.colours[row[i]];
        writer_.put(out, red, green, blue, alpha);
        continue;
      }
      const auto part = [&](Index k) {
        const Index at = i * parts_ + k;
        return wide_ ? std::uint32_t{row[2 * at]} << 8 | row[2 * at + 1] : std::uint32_t{row[at]};
      };
      const std::uint32_t most = wide_ ? 65535 : 255, red = part(0);
      const bool coloured = parts_ >= 3;
      writer_.put(out, red, coloured ? part(1) : red, coloured ? part(2) : red,
                  parts_ % 2 == 0 ? part(parts_ - 1) : most, most);
    }
  }

 private:
  Reader& reader_;
  PixelWriter writer_;
  bool paletted_;
  Palette palette_;
  Index parts_;
  bool wide_;
};

/// What can be told of a file before libpng looks at it: an image too large is called that, whatever else is
/// wrong.
void require_known(Bytes file, const std::string& path) {
  if (file.size() < 24) return;
  const std::string_view first(reinterpret_cast<const char*>(file.data()) + 12, 4);
  if (first == "CgBI")
    fail("{}: a PNG in Apple's own form (CgBI), which is not read; convert it to plain PNG", path);
  if (first == "IHDR") require_bearable(path, big_endian(file, 16), big_endian(file, 20));
}

}  // namespace

Raster decode_png(std::span<const std::uint8_t> file, const std::string& path, Index channels,
                  const Background& background, int& orientation) {
  require_known(file, path);
  Reader reader(file, path);
  reader.guarded([](png_structp png, png_infop info) {
    png_read_info(png, info);
    if (png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE) {
      png_set_packing(png);  // an index a byte; libpng's own expansion lets one past the palette through
    } else {
      png_set_expand_gray_1_2_4_to_8(png);
      if (png_get_valid(png, info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
    }
    png_read_update_info(png, info);
  });
  Raster image{.width = png_get_image_width(reader.png(), reader.info()),
               .height = png_get_image_height(reader.png(), reader.info()),
               .channels = channels};
  image.pixels.resize(static_cast<std::size_t>(channels * image.width * image.height));
  std::vector<std::uint8_t> row(png_get_rowbytes(reader.png(), reader.info()));
  const RowWriter rows(reader, channels, background);
  // A pass's rows as they are stored, so that an interlaced image takes no more memory than another.
  const bool interlaced = png_get_interlace_type(reader.png(), reader.info()) != PNG_INTERLACE_NONE;
  for (int pass = 0; pass < (interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1); ++pass) {
    const Index x = interlaced ? PNG_PASS_START_COL(pass) : 0, y = interlaced ? PNG_PASS_START_ROW(pass) : 0,
                dx = interlaced ? PNG_PASS_COL_OFFSET(pass) : 1,
                dy = interlaced ? PNG_PASS_ROW_OFFSET(pass) : 1;
    if (x >= image.width) continue;
    for (Index j = y; j < image.height; j += dy) {
      reader.guarded([&row](png_structp png, png_infop) { png_read_row(png, row.data(), nullptr); });
      rows.write(row.data(), (image.width - x + dx - 1) / dx,
                 image.pixels.data() + (j * image.width + x) * channels, dx * channels);
    }
  }
  orientation = orientation_of(reader);
  if (orientation != 1) return image;
  try {  // nothing behind the pixels can make the file a broken one
    reader.guarded([](png_structp png, png_infop info) { png_read_end(png, info); });
    orientation = orientation_of(reader);
  } catch (const Error&) {
  }
  return image;
}

}  // namespace fanin::datasets
