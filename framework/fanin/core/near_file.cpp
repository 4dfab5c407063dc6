#include <filesystem>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/core/near_file.hpp>
#include <fanin/core/nearest.hpp>
#include <fanin/core/printable.hpp>

namespace fanin {

std::string suggest_file(const std::string& path) {
  namespace fs = std::filesystem;
  constexpr std::size_t most = 10'000;  // names that are looked at
  std::error_code failed;
  fs::path missing = path;
  const auto folder = [&] { return missing.has_parent_path() ? missing.parent_path() : fs::path("."); };
  while (missing.has_relative_path() && folder() != missing && !fs::exists(folder(), failed))
    missing = folder();
  const std::string name = missing.filename().string();
  if (name.empty() || fs::exists(missing, failed)) return "";
  std::vector<std::string> names;
  for (fs::directory_iterator at(folder(), failed), end; !failed && at != end && names.size() < most;
       at.increment(failed))
    names.push_back(printable(at->path().filename().string()));
  const auto near = nearest(name, names);
  return near.empty() ? "" : suggest(name, near);
}

}  // namespace fanin
