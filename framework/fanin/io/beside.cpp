#include <filesystem>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/beside.hpp>

namespace fanin::io {

std::string path_beside(const std::string& path, const std::string& name) {
  const bool shown = printable(name) == name;
  if (name.empty() || name[0] == '.' || name.size() > 255 || !shown ||
      name.find_first_of("/\\:") != std::string::npos) {
    fail("{}: names the file '{}', which is not a plain file name in its own folder", path,
         printable(name, 100));
  }
  return (std::filesystem::path(path).parent_path() / name).string();
}

OpenBeside open_beside(const std::string& path) {
  return [path](const std::string& name) {
    const std::string beside = path_beside(path, name);
    std::error_code ignored;
    if (std::filesystem::is_symlink(beside, ignored))
      fail("{}: is a symbolic link, which {} may not follow", beside, path);
    return MappedFile::open(beside);
  };
}

}  // namespace fanin::io
