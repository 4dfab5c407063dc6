#include "datasets/gunzip.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <fstream>

namespace fanin::datasets {
namespace {

constexpr std::size_t piece = std::size_t{1} << 20;         // bytes of a file at a time
constexpr std::size_t most_at_once = std::size_t{1} << 30;  // zlib counts in 32 bits

}  // namespace

DataInput::DataInput(std::span<const std::uint8_t> content) : rest_(content), size_(content.size()) {}

DataInput::DataInput(const DataSource& source, std::uint64_t size)
    : file_(std::make_unique<std::ifstream>(source.path, std::ios::binary)), size_(size) {}

DataInput::~DataInput() = default;

std::span<const std::uint8_t> DataInput::next(std::size_t most) {
  if (!file_) {
    const auto part = rest_.first(std::min(most, rest_.size()));
    rest_ = rest_.subspan(part.size());
    return part;
  }
  buffer_.resize(std::min(most, piece));
  file_->read(reinterpret_cast<char*>(buffer_.data()), static_cast<std::streamsize>(buffer_.size()));
  return std::span(buffer_).first(static_cast<std::size_t>(file_->gcount()));
}

std::size_t DataInput::read(std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const auto part = next(out.size() - done);
    if (part.empty()) break;
    std::copy(part.begin(), part.end(), out.begin() + static_cast<std::ptrdiff_t>(done));
    done += part.size();
  }
  return done;
}

bool is_gzip(std::span<const std::uint8_t> begin) {
  return begin.size() >= 2 && begin[0] == 0x1f && begin[1] == 0x8b;
}

Gunzip::Gunzip(const DataSource& source, DataInput& input) : source_(source), input_(input) {
  if (inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) source_.reject("zlib cannot start");
}

Gunzip::~Gunzip() { inflateEnd(&stream_); }

std::size_t Gunzip::read(std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size() && !ended_) {
    refill();
    const std::size_t room = std::min(most_at_once, out.size() - done);
    const uInt given = stream_.avail_in;
    stream_.next_out = out.data() + done;
    stream_.avail_out = static_cast<uInt>(room);
    const int code = inflate(&stream_, Z_NO_FLUSH);
    const std::size_t made = room - stream_.avail_out;
    done += made;
    ended_ = code == Z_STREAM_END && !another_member();
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      source_.reject("corrupt gzip data ({})", stream_.msg ? stream_.msg : zError(code));
    if (!ended_ && given == stream_.avail_in && made == 0) break;
  }
  return done;
}

void Gunzip::finish() {
  std::uint8_t extra;
  if (read({&extra, 1}) > 0) source_.reject("more data than the header promises: trailing bytes");
  if (!ended_) source_.reject("truncated gzip data: its end and checksum are missing");
  std::uint64_t behind = stream_.avail_in;
  for (auto part = input_.next(SIZE_MAX); !part.empty(); part = input_.next(SIZE_MAX)) behind += part.size();
  if (behind > 0) source_.reject("{} trailing bytes after the gzip data", behind);
}

void Gunzip::refill() {
  if (stream_.avail_in > 0) return;
  const auto part = input_.next(most_at_once);
  stream_.next_in = const_cast<Bytef*>(part.data());
  stream_.avail_in = static_cast<uInt>(part.size());
}

/// Behind the end of one: whether the next begins here.
bool Gunzip::another_member() {
  refill();
  const bool begins = stream_.avail_in > 0 && stream_.next_in[0] == 0x1f &&
                      (stream_.avail_in == 1 || stream_.next_in[1] == 0x8b);
  return begins && inflateReset(&stream_) == Z_OK;
}

bool gunzip_whole(std::span<const std::uint8_t> content, std::span<std::uint8_t> out) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> inflater(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!inflater) return false;
  std::size_t eaten = 0, made = 0;
  const auto result = libdeflate_gzip_decompress_ex(inflater.get(), content.data(), content.size(),
                                                    out.data(), out.size(), &eaten, &made);
  return result == LIBDEFLATE_SUCCESS && eaten == content.size() && made == out.size();
}

}  // namespace fanin::datasets
