#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace fanin::datasets {

enum class ImageKind : std::uint8_t { png, jpeg, gif, bmp, other };

/// What a file is by its first bytes, whatever its name says.
ImageKind image_kind(std::span<const std::uint8_t> bytes);

/// What a file is that is none of the kinds that are read: "a WebP image", "an HTML page", "empty"; where
/// nothing fits, "no image that is known here". For messages.
std::string other_kind_name(std::span<const std::uint8_t> bytes);

/// "PNG, JPEG, GIF or BMP".
constexpr const char* readable_kinds = "PNG, JPEG, GIF or BMP";

}  // namespace fanin::datasets
