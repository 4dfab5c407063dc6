#include "datasets/idx.hpp"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

#include "datasets/files.hpp"
#include "framework/core/error.hpp"

namespace fanin {
namespace {

constexpr std::uint64_t max_deflate_ratio =
    1032;  // zlib's technical notes: a deflate stream cannot do better

std::string sizes_text(const std::vector<Index>& sizes) {
  std::string text;
  for (const Index size : sizes) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

struct Source {
  const std::string& path;
  std::string advice;

  template <class... Args>
  [[noreturn]] void reject(fmt::format_string<Args...> format, Args&&... args) const {
    fail("{}: {}{}", path, fmt::format(format, std::forward<Args>(args)...), advice);
  }
};

/// A gzip stream that hands out exactly as much as is asked for.
class Gunzip {
 public:
  Gunzip(const Source& source, std::span<const std::uint8_t> content) : source_(source), rest_(content) {
    if (inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) source_.reject("zlib cannot start");
  }
  ~Gunzip() { inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  /// Fills `out` as far as the data goes; returns how many bytes that was.
  std::size_t read(std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size() && !ended_) {
      constexpr std::size_t most = std::size_t{1} << 30;  // zlib counts in 32 bits
      const std::size_t room = std::min(most, out.size() - done), given = std::min(most, rest_.size());
      stream_.next_out = out.data() + done;
      stream_.avail_out = static_cast<uInt>(room);
      stream_.next_in = const_cast<Bytef*>(rest_.data());
      stream_.avail_in = static_cast<uInt>(given);
      const int code = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t eaten = given - stream_.avail_in, made = room - stream_.avail_out;
      rest_ = rest_.subspan(eaten);
      done += made;
      ended_ = code == Z_STREAM_END;
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        source_.reject("corrupt gzip data ({})", stream_.msg ? stream_.msg : zError(code));
      if (!ended_ && eaten == 0 && made == 0) break;
    }
    return done;
  }
  /// Checks that the stream ends here, its checksum right and nothing behind it.
  void finish() {
    std::uint8_t extra;
    if (read({&extra, 1}) > 0) source_.reject("more data than the header promises: trailing bytes");
    if (!ended_) source_.reject("truncated gzip data: its end and checksum are missing");
    if (!rest_.empty()) source_.reject("{} trailing bytes after the gzip data", rest_.size());
  }

 private:
  const Source& source_;
  std::span<const std::uint8_t> rest_;
  z_stream stream_{};
  bool ended_ = false;
};

/// Fills `out` with the whole of a gzip file at once, by libdeflate, which takes less than half of zlib's time; whether the
/// file is sound and of exactly this size. What is wrong with it otherwise, zlib is to say.
bool gunzip_whole(std::span<const std::uint8_t> content, std::span<std::uint8_t> out) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> inflater(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!inflater) return false;
  std::size_t eaten = 0, made = 0;
  const auto result = libdeflate_gzip_decompress_ex(inflater.get(), content.data(), content.size(), out.data(), out.size(),
                                                    &eaten, &made);
  return result == LIBDEFLATE_SUCCESS && eaten == content.size() && made == out.size();
}

/// The sizes a header promises, and their product in `total`.
std::vector<Index> parse_header(const Source& source, std::span<const std::uint8_t> header, int rank,
                                std::uint64_t& total) {
  const auto expected = static_cast<std::size_t>(4 + 4 * rank);
  if (header.size() < 4) source.reject("{} bytes, too short for IDX data", header.size());
  const std::uint8_t* h = header.data();
  if (h[0] != 0 || h[1] != 0 || h[2] != 8 || h[3] != rank)
    source.reject(
        "wrong magic number {:02x}{:02x}{:02x}{:02x}, expected 000008{:02x} (IDX of unsigned bytes, {} {})",
        h[0], h[1], h[2], h[3], rank, rank, rank == 1 ? "dimension: labels" : "dimensions: images");
  if (header.size() < expected)
    source.reject("truncated: {} bytes, the header alone has {}", header.size(), expected);
  std::vector<Index> sizes;
  total = 1;
  for (int d = 0; d < rank; ++d) {
    const std::uint8_t* s = h + 4 + 4 * d;
    const std::uint64_t size = std::uint64_t{s[0]} << 24 | std::uint64_t{s[1]} << 16 |
                               std::uint64_t{s[2]} << 8 | std::uint64_t{s[3]};
    sizes.push_back(static_cast<Index>(size));
    // Sizes stay below 2^32 and the product below 2^32 until it is refused: no overflow.
    total = total > max_data_bytes ? total : total * size;
  }
  if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end())
    source.reject("empty: its header promises {} bytes", sizes_text(sizes));
  if (total > max_data_bytes)
    source.reject("its header promises {} bytes, more than the {} that are read", sizes_text(sizes),
                  max_data_bytes);
  return sizes;
}

}  // namespace

IdxArray parse_idx(std::vector<std::uint8_t> content, int rank, const std::string& path,
                   const std::string& how_to_get) {
  const Source source{path, advice(how_to_get)};
  const auto header_size = static_cast<std::size_t>(4 + 4 * rank);
  std::uint64_t total = 0;
  IdxArray array;
  if (content.size() >= 2 && content[0] == 0x1f && content[1] == 0x8b) {
    Gunzip gunzip(source, content);
    std::vector<std::uint8_t> header(header_size);
    header.resize(gunzip.read(header));
    array.sizes = parse_header(source, header, rank, total);
    if (total / max_deflate_ratio > content.size())
      source.reject("truncated: the header promises {} = {} bytes, {} bytes of gzip data cannot hold them",
                    sizes_text(array.sizes), total, content.size());
    array.bytes = large_vector(header_size + total);
    if (gunzip_whole(content, array.bytes)) {
      array.bytes.erase(array.bytes.begin(), array.bytes.begin() + static_cast<std::ptrdiff_t>(header_size));
      return array;
    }
    array.bytes.resize(total);
    if (const std::size_t got = gunzip.read(array.bytes); got < total)
      source.reject("truncated: the header promises {} = {} bytes, there are {}", sizes_text(array.sizes),
                    total, got);
    gunzip.finish();
  } else {
    array.sizes =
        parse_header(source, std::span(content).first(std::min(header_size, content.size())), rank, total);
    const std::uint64_t there = content.size() - header_size;
    if (there < total)
      source.reject("truncated: the header promises {} = {} bytes, there are {}", sizes_text(array.sizes),
                    total, there);
    if (there > total)
      source.reject("{} trailing bytes after the {} = {} the header promises", there - total,
                    sizes_text(array.sizes), total);
    content.erase(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(header_size));
    array.bytes = std::move(content);
  }
  return array;
}

IdxArray read_idx(const std::string& path, int rank, const std::string& how_to_get) {
  return parse_idx(read_data_file(path, "IDX data", how_to_get), rank, path, how_to_get);
}

Dataset read_idx_dataset(const std::string& images_path, const std::string& labels_path, int classes,
                         const std::string& how_to_get) {
  IdxArray labels = read_idx(labels_path, 1, how_to_get);
  IdxArray images = read_idx(images_path, 3, how_to_get);
  if (labels.sizes[0] != images.sizes[0])
    fail("{}: {} labels for the {} images of {}{}", labels_path, labels.sizes[0], images.sizes[0],
         images_path, advice(how_to_get));
  Dataset data{.name = images_path,
               .count = images.sizes[0],
               .channels = 1,
               .height = images.sizes[1],
               .width = images.sizes[2],
               .classes = classes,
               .images = std::move(images.bytes),
               .labels = {labels.bytes.begin(), labels.bytes.end()}};
  const auto largest = std::max_element(data.labels.begin(), data.labels.end());
  if (classes == 0)
    data.classes = *largest + 1;
  else if (*largest >= classes)
    fail("{}: label {} at position {} is out of range, expected 0..{}{}", labels_path, *largest,
         largest - data.labels.begin(), classes - 1, advice(how_to_get));
  return data;
}

}  // namespace fanin
