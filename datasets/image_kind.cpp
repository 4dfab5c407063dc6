#include "datasets/image_kind.hpp"

#include <algorithm>
#include <string_view>

namespace fanin::datasets {
namespace {

using namespace std::string_view_literals;

struct Mark {
  std::size_t at;
  std::string_view bytes;
  const char* name;
};

constexpr Mark marks[] = {
    {8, "WEBP"sv, "a WebP image"},
    {0, "II*\0"sv, "a TIFF image"},
    {0, "MM\0*"sv, "a TIFF image"},
    {0, "II+\0"sv, "a TIFF image (BigTIFF)"},
    {0, "MM\0+"sv, "a TIFF image (BigTIFF)"},
    {4, "ftypavif"sv, "an AVIF image"},
    {4, "ftypavis"sv, "an AVIF image"},
    {4, "ftyphei"sv, "a HEIC image"},
    {4, "ftyphev"sv, "a HEIC image"},
    {4, "ftypmif1"sv, "a HEIF image"},
    {4, "ftypmsf1"sv, "a HEIF image"},
    {4, "ftyp"sv, "a video or other MP4 file"},
    {0, "8BPS"sv, "a Photoshop file (PSD)"},
    {0, "\0\0\0\x0cJXL \r\n\x87\n"sv, "a JPEG XL image"},
    {0, "\xff\x0a"sv, "a JPEG XL image"},
    {0, "\0\0\0\x0cjP  \r\n\x87\n"sv, "a JPEG 2000 image"},
    {0, "\xff\x4f\xff\x51"sv, "a JPEG 2000 image"},
    {0, "\0\0\1\0"sv, "a Windows icon (ICO)"},
    {0, "\0\0\2\0"sv, "a Windows cursor (CUR)"},
    {0, "P1\n"sv, "a PBM image"},
    {0, "P2\n"sv, "a PGM image"},
    {0, "P3\n"sv, "a PPM image"},
    {0, "P4\n"sv, "a PBM image"},
    {0, "P5\n"sv, "a PGM image"},
    {0, "P6\n"sv, "a PPM image"},
    {0, "P7\n"sv, "a PAM image"},
    {0, "#?RADIANCE"sv, "a Radiance HDR image"},
    {0, "v/1\1"sv, "an OpenEXR image"},
    {0, "\0\0\0\0ftyp"sv, "a video or other MP4 file"},
    {0, "gimp xcf"sv, "a GIMP file (XCF)"},
    {0, "DDS "sv, "a DDS texture"},
    {0, "FORM"sv, "an IFF image"},
    {0, "qoif"sv, "a QOI image"},
    {0, "SIMPLE  ="sv, "a FITS file"},
    {128, "DICM"sv, "a DICOM file"},
    {0, "%PDF"sv, "a PDF document"},
    {0, "%!PS"sv, "a PostScript file"},
    {0, "\x93NUMPY"sv, "a NumPy array"},
    {0, "PK\3\4"sv, "a zip archive"},
    {0, "\x1f\x8b"sv, "a gzip archive"},
    {0, "version https://git-lfs"sv, "a Git LFS pointer: its content was not fetched (git lfs pull)"},
};

bool holds(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

}  // namespace

ImageKind image_kind(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x89PNG\r\n\x1a\n")) return ImageKind::png;
  if (text.starts_with("\xff\xd8")) return ImageKind::jpeg;
  if (text.starts_with("GIF87a") || text.starts_with("GIF89a")) return ImageKind::gif;
  if (text.starts_with("BM") && bytes.size() >= 18) return ImageKind::bmp;
  return ImageKind::other;
}

std::string other_kind_name(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) return "an empty file";
  for (const Mark& mark : marks)
    if (text.size() >= mark.at && text.substr(mark.at).starts_with(mark.bytes)) return mark.name;
  const std::string_view head = text.substr(0, 1024);
  const auto first = head.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first != std::string_view::npos && head[first] == '<') {
    if (holds(head, "<svg")) return "an SVG drawing";
    if (holds(head, "<html") || holds(head, "<!doctype html")) return "an HTML page";
    return "an XML text";
  }
  if (text.find_first_not_of('\0') == std::string_view::npos) return "a file of zeros alone";
  return "no image that is known here";
}

}  // namespace fanin::datasets
