#pragma once
#include <zlib.h>

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fanin/core/fail.hpp>

namespace fanin::datasets {

/// A file of data, for messages.
struct DataSource {
  const std::string& path;  ///< as the user knows it
  std::string advice;       ///< what to do, at a message's end

  /// Error about the file.
  template <class... Args>
  [[noreturn]] void reject(fmt::format_string<Args...> format, Args&&... args) const {
    fail("{}: {}{}", path, fmt::format(format, std::forward<Args>(args)...), advice);
  }
};

/// Bytes in order, from memory or from a file that is read as it goes.
class DataInput {
 public:
  /// From memory, which must outlive it.
  explicit DataInput(std::span<const std::uint8_t> content);
  /// From the file, which has so many bytes.
  DataInput(const DataSource& source, std::uint64_t size);
  ~DataInput();
  DataInput(const DataInput&) = delete;
  DataInput& operator=(const DataInput&) = delete;

  std::uint64_t size() const { return size_; }  ///< of the whole, in bytes
  /// Some of what comes next, at most `most` bytes; nothing at the end. Valid until the next call.
  std::span<const std::uint8_t> next(std::size_t most);
  /// Fills `out` as far as the data go; returns how many bytes that was.
  std::size_t read(std::span<std::uint8_t> out);

 private:
  std::span<const std::uint8_t> rest_;
  std::unique_ptr<std::ifstream> file_;
  std::vector<std::uint8_t> buffer_;
  std::uint64_t size_;
};

/// Whether these are a gzip file's first bytes.
bool is_gzip(std::span<const std::uint8_t> begin);

/// A gzip stream, of one member or of several (pigz, cat), that hands out exactly as much as is asked for. Errors are
/// about `source`.
class Gunzip {
 public:
  /// Both must outlive it.
  Gunzip(const DataSource& source, DataInput& input);
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  /// Fills `out` as far as the data goes; returns how many bytes that was. Error for corrupt data.
  std::size_t read(std::span<std::uint8_t> out);
  /// Error unless the stream ends here, its checksum right and nothing behind it.
  void finish();

 private:
  void refill();
  bool another_member();

  const DataSource& source_;
  DataInput& input_;
  z_stream stream_{};
  bool ended_ = false;
};

/// Fills `out` with the whole of a gzip file at once, by libdeflate, which takes less than half of zlib's
/// time; whether the file is sound and of exactly this size. What is wrong with it otherwise, zlib is to say.
bool gunzip_whole(std::span<const std::uint8_t> content, std::span<std::uint8_t> out);

}  // namespace fanin::datasets
