#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <fanin/io/tensor_file.hpp>

namespace fanin::start {

/// While one lives, a weight file that several parameters ask for on this thread is opened once.
class OpenFiles {
 public:
  OpenFiles();
  ~OpenFiles();
  OpenFiles(const OpenFiles&) = delete;
  OpenFiles& operator=(const OpenFiles&) = delete;

  /// The file, of nested dicts the one under `key`, from the innermost of those that live; read anew where
  /// there is none. Error as for `read_tensor_file`.
  static std::shared_ptr<const io::TensorFile> open(const std::string& path, const std::string& key = "");

 private:
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const io::TensorFile>> files_;
  OpenFiles* before_;
};

}  // namespace fanin::start
