#pragma once
#include <stdlib.h>

#include <filesystem>
#include <string>

/// A folder of a test's own, removed with all it holds when the test ends.
class Scratch {
 public:
  Scratch() : folder_((std::filesystem::temp_directory_path() / "fanin-test-XXXXXX").string()) {
    if (::mkdtemp(folder_.data()) == nullptr) throw std::filesystem::filesystem_error("mkdtemp", {});
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& folder() const { return folder_; }
  std::string operator/(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};
