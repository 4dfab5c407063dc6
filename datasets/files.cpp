#include "datasets/files.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fanin/core/fail.hpp>
#include <fanin/core/memory.hpp>

namespace fanin::datasets {

namespace fs = std::filesystem;

std::string find_data_folder(const std::string& name, const std::vector<std::string>& more) {
  std::vector<std::string> places;
  if (const char* root = std::getenv("FANIN_DATA"); root && *root)
    places.push_back((fs::path(root) / name).string());
  places.push_back("data/" + name);
  places.insert(places.end(), more.begin(), more.end());
  std::error_code ignored;
  for (const auto& place : places)
    if (fs::exists(place, ignored)) return place;
  return places.back();
}

std::vector<std::uint8_t> large_vector(std::size_t bytes) {
  std::vector<std::uint8_t> all;
  all.reserve(bytes);
  prefer_huge_pages(all.data(), bytes);
  all.resize(bytes);
  return all;
}

std::uint64_t data_file_size(const std::string& path, const std::string& what,
                             const std::string& how_to_get) {
  std::error_code failed;
  const auto status = fs::status(path, failed);
  if (status.type() == fs::file_type::not_found)
    fail("{}: no such file, expected {}{}", path, what, advice(how_to_get));
  if (failed || status.type() != fs::file_type::regular)
    fail("{}: not a readable file, expected {}{}", path, what, advice(how_to_get));
  const auto size = fs::file_size(path, failed);
  if (failed || size > max_data_bytes)
    fail("{}: {} bytes are too many, at most {} are read{}", path, size, max_data_bytes, advice(how_to_get));
  if (!std::ifstream(path, std::ios::binary))
    fail("{}: cannot be read: {}{}", path, std::strerror(errno), advice(how_to_get));
  return size;
}

std::vector<std::uint8_t> read_data_file(const std::string& path, const std::string& what,
                                         const std::string& how_to_get) {
  const std::uint64_t size = data_file_size(path, what, how_to_get);
  std::ifstream file(path, std::ios::binary);
  std::vector<std::uint8_t> content = large_vector(size);
  file.read(reinterpret_cast<char*>(content.data()), static_cast<std::streamsize>(size));
  if (!file) fail("{}: cannot be read: {}{}", path, std::strerror(errno), advice(how_to_get));
  return content;
}

std::string advice(const std::string& how_to_get) {
  return how_to_get.empty() ? "" : "; get it with: " + how_to_get;
}

}  // namespace fanin::datasets
