#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "datasets/image.hpp"

namespace fanin::datasets {

/// Images that cannot be read, gathered so that all are named at once.
struct BadImages {
  Index count = 0, tried = 0;
  std::vector<std::string> messages = {};  ///< of the first hundred
  bool skipped = false;                    ///< the others are wanted, however many these are

  void add(const std::string& message);
  void merge(const BadImages& others);
  /// The first messages, and how many more there are.
  std::string summary() const;
  /// Error with the summary and `advice`, where there is one at all.
  void require_none(const std::string& advice) const;
};

struct DecodedImages {
  std::vector<std::uint8_t> pixels = {};  ///< CHW bytes, one image after the other
  std::vector<Index> kept = {};           ///< which of the images asked for these are
};

/// The images at `path(0)` … `path(count - 1)`; those that cannot be read are added to `bad`. They are
/// decoded in a process of their own that can neither open a file nor call the system beyond reading, writing
/// and memory (sandbox.hpp), and that gets for each image 512 MiB beyond the file's size and half a minute:
/// stb_image's notes exclude untrusted files, and what is not known of it can hurt nobody there. Here an
/// image takes its result's bytes, and the path's.
DecodedImages decode_images(Index count, const std::function<std::string(Index)>& path, const ImageForm& form,
                            BadImages& bad);

}  // namespace fanin::datasets
