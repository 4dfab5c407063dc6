#pragma once
#include <cstdint>
#include <string>
#include <vector>

/// A folder that goes away with its scope.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// An environment variable that has another value within its scope.
class EnvironmentVariable {
 public:
  EnvironmentVariable(const char* name, const std::string& value);
  ~EnvironmentVariable();
  EnvironmentVariable(const EnvironmentVariable&) = delete;
  EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;

 private:
  const char* name_;
  bool was_set_;
  std::string old_;
};

using Bytes = std::vector<std::uint8_t>;
void write_bytes(const std::string& path, const Bytes& bytes);
Bytes read_bytes(const std::string& path);
/// `bytes` as one gzip member.
Bytes gzip(const Bytes& bytes);
void write_gz(const std::string& path, const Bytes& bytes);

/// Header and data of an IDX file of unsigned bytes.
Bytes idx(const std::vector<std::uint32_t>& sizes, const Bytes& data);
inline Bytes idx_labels(const Bytes& labels) {
  return idx({static_cast<std::uint32_t>(labels.size())}, labels);
}
inline Bytes idx_images(const Bytes& pixels, std::uint32_t n, std::uint32_t h, std::uint32_t w) {
  return idx({n, h, w}, pixels);
}
