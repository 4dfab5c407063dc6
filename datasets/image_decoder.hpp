#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "datasets/bad_images.hpp"
#include "datasets/image.hpp"

namespace fanin::datasets {

struct DecodedImages {
  std::vector<std::uint8_t> pixels = {};  ///< CHW bytes, one image after the other
  std::vector<Index> kept = {};           ///< which of the images asked for these are
  bool confined = true;  ///< false: the kernel refused seccomp, and limits alone stood around the decoder
};
constexpr const char* not_confined_note =
    "the kernel refuses seccomp: images are decoded in a process that has limits of memory and time, but may call the system";

/// What the decoding process does with its end of the socket until it closes: it says in one byte whether
/// seccomp took hold, then reads an image's size (8 bytes) and content, answers, and so on.
using DecoderBody = std::function<void(int socket, const ImageForm& form)>;
void serve_images(int socket, const ImageForm& form);

/// The images at `path(0)` … `path(count - 1)`; those that cannot be read are added to `bad`. They are
/// decoded in a process of their own that can neither open a file nor call the system beyond reading, writing
/// and memory (sandbox.hpp), and that gets for each image 512 MiB beyond the file's size and half a minute:
/// stb_image's notes exclude untrusted files, and what is not known of it can hurt nobody there. Here an
/// image takes its result's bytes, and the path's. Whatever `body` answers instead, no more harm is done than
/// that an image is bad.
DecodedImages decode_images(Index count, const std::function<std::string(Index)>& path, const ImageForm& form,
                            BadImages& bad, const DecoderBody& body = serve_images);

}  // namespace fanin::datasets
