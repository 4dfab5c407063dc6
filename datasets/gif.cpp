#include "datasets/gif.hpp"

#include <gif_lib.h>

#include <algorithm>

#include <fanin/core/fail.hpp>

namespace fanin::datasets {
namespace {

/// giflib on a file in memory. What it finds wrong becomes an Error.
class Reader {
 public:
  Reader(std::span<const std::uint8_t> file, const std::string& path) : rest_(file), path_(path) {
    int code = 0;
    gif_ = DGifOpen(this, read, &code);
    if (!gif_) broken(code);
  }
  ~Reader() { DGifCloseFile(gif_, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[noreturn]] void broken(const std::string& why) const { fail("{}: broken image ({})", path_, why); }
  /// Error unless giflib said that all is well.
  void require(int answer) const {
    if (answer != GIF_OK) broken(gif_->Error);
  }
  GifFileType* operator->() { return gif_; }
  GifFileType* get() { return gif_; }

 private:
  [[noreturn]] void broken(int code) const {
    if (code == D_GIF_ERR_READ_FAILED || code == D_GIF_ERR_EOF_TOO_SOON)
      broken(std::string("the GIF data are cut short"));
    const char* why = GifErrorString(code);
    broken(std::string(why ? why : "unknown reason"));
  }
  static int read(GifFileType* gif, GifByteType* to, int count) {
    auto& rest = static_cast<Reader*>(gif->UserData)->rest_;
    const auto taken = std::min(rest.size(), static_cast<std::size_t>(count));
    std::copy_n(rest.data(), taken, to);
    rest = rest.subspan(taken);
    return static_cast<int>(taken);
  }

  std::span<const std::uint8_t> rest_;
  const std::string& path_;
  GifFileType* gif_ = nullptr;
};

/// The index that is transparent, as the extension at hand says, or `before` where it says nothing of it.
int read_extension(Reader& gif, int before) {
  int kind = 0;
  GifByteType* block = nullptr;
  gif.require(DGifGetExtension(gif.get(), &kind, &block));
  GraphicsControlBlock control;
  if (block && kind == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
    before = control.TransparentColor;
  while (block) gif.require(DGifGetExtensionNext(gif.get(), &block));
  return before;
}

/// The frame whose description has just been read.
void read_frame(Reader& gif, int transparent, const PixelWriter& writer, Raster& image) {
  const GifImageDesc& frame = gif->Image;
  if (frame.Left + frame.Width > image.width || frame.Top + frame.Height > image.height)
    gif.broken("its first frame is larger than the picture");
  const ColorMapObject* palette = frame.ColorMap ? frame.ColorMap : gif->SColorMap;
  if (!palette) gif.broken("its palette is missing");
  std::vector<std::uint8_t> row(static_cast<std::size_t>(frame.Width));
  const auto read_row = [&](Index y) {
    gif.require(DGifGetLine(gif.get(), row.data(), frame.Width));
    std::uint8_t* out = image.pixels.data() + ((frame.Top + y) * image.width + frame.Left) * image.channels;
    for (const int index : row) {
      if (index != transparent) {
        if (index >= palette->ColorCount)
          gif.broken(fmt::format("a pixel has colour {} of a palette of {}", index, palette->ColorCount));
        const GifColorType& colour = palette->Colors[index];
        writer.put(out, colour.Red, colour.Green, colour.Blue, 255);
      }
      out += image.channels;
    }
  };
  if (row.empty()) return;
  if (!frame.Interlace) {
    for (Index y = 0; y < frame.Height; ++y) read_row(y);
    return;
  }
  constexpr Index starts[4] = {0, 4, 2, 1}, steps[4] = {8, 8, 4, 2};
  for (int pass = 0; pass < 4; ++pass)
    for (Index y = starts[pass]; y < frame.Height; y += steps[pass]) read_row(y);
}

}  // namespace

Raster decode_gif(std::span<const std::uint8_t> file, const std::string& path, Index channels,
                  const Background& background) {
  Reader gif(file, path);
  Raster image{.width = gif->SWidth, .height = gif->SHeight, .channels = channels};
  require_bearable(path, image.width, image.height);
  int transparent = NO_TRANSPARENT_COLOR;
  while (true) {
    GifRecordType record = UNDEFINED_RECORD_TYPE;
    gif.require(DGifGetRecordType(gif.get(), &record));
    if (record == TERMINATE_RECORD_TYPE) gif.broken("it has no picture");
    if (record == EXTENSION_RECORD_TYPE) transparent = read_extension(gif, transparent);
    if (record != IMAGE_DESC_RECORD_TYPE) continue;
    gif.require(DGifGetImageDesc(gif.get()));
    image.pixels.resize(static_cast<std::size_t>(channels * image.width * image.height));
    const PixelWriter writer(channels, background);
    for (Index i = 0; i < image.width * image.height; ++i)
      writer.put(image.pixels.data() + i * channels, 0, 0, 0, 0);
    read_frame(gif, transparent, writer, image);
    return image;
  }
}

}  // namespace fanin::datasets
