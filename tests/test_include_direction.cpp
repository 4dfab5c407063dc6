// Floors, ground first: kernels and core → autograd, ops → init → nn → optim, io, data → train → lab →
// models, datasets → examples. A file includes only its own floor or lower ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

using Rooms = std::set<std::string>;

/// What each room may include besides itself.
const std::map<std::string, Rooms>& below() {
  static const std::map<std::string, Rooms> all = [] {
    std::map<std::string, Rooms> rooms;
    rooms["kernels"] = {};
    rooms["core"] = {"kernels"};  // no circle: of core, kernels see only numbers, threads and memory
    Rooms reach = {"core", "kernels"};
    for (const Rooms& floor : std::vector<Rooms>{{"autograd", "ops"},
                                                 {"init"},
                                                 {"nn"},
                                                 {"optim", "io", "data"},
                                                 {"train"},
                                                 {"lab"},
                                                 {"models", "datasets"},
                                                 {"examples"}}) {
      reach.insert(floor.begin(), floor.end());
      for (const auto& room : floor) rooms[room] = reach;
    }
    return rooms;
  }();
  return all;
}

/// The room of a path from the repository's root: "framework/core/shape.hpp" → "core", "models/mlp.cpp" →
/// "models".
std::string room_of(const std::string& path) {
  const std::string inside = path.starts_with("framework/") ? path.substr(10) : path;
  const auto slash = inside.find('/');
  return slash == std::string::npos ? "" : inside.substr(0, slash);
}

/// Why `file` may not include `included`; empty when it may.
std::string objection(const std::string& file, const std::string& included) {
  if (!fs::exists(included)) return "no such file from the repository's root";
  const std::string room = room_of(file), other = room_of(included);
  if (room == "kernels" && other == "core") {
    const Rooms open = {"framework/core/real.hpp", "framework/core/parallel.hpp",
                        "framework/core/memory.hpp"};
    return open.contains(included) ? "" : "kernels know nothing of " + included;
  }
  const std::string everything = "framework/fanin.hpp";  // all that is public, for those above the framework
  if (file == everything) return "";
  if (included == everything) return room == "examples" ? "" : "only examples take everything";
  const auto rooms = below().find(room);
  if (rooms == below().end()) return "the room '" + room + "' is on no floor";
  return room == other || rooms->second.contains(other) ? "" : room + " is below " + other;
}

std::vector<std::string> includes_of(const fs::path& path) {
  std::vector<std::string> all;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') continue;
    const auto word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || line.compare(word, 7, "include") != 0) continue;
    const auto open = line.find('"', word), close = line.rfind('"');
    if (open != std::string::npos && close > open) all.push_back(line.substr(open + 1, close - open - 1));
  }
  return all;
}

}  // namespace

TEST_CASE("includes: every file includes only its own floor or lower ones") {
  std::size_t files = 0, includes = 0;
  for (const char* root : {"framework", "models", "datasets", "examples"}) {
    REQUIRE_MESSAGE(fs::exists(root), "run the tests from the repository's root");
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp") continue;
      ++files;
      for (const auto& included : includes_of(entry.path())) {
        ++includes;
        CHECK_MESSAGE(objection(entry.path().generic_string(), included).empty(),
                      entry.path().generic_string(), " includes ", included, ": ",
                      objection(entry.path().generic_string(), included));
      }
    }
  }
  CHECK(files > 100);
  CHECK(includes > 300);
}

TEST_CASE("includes: the check itself refuses what points upwards") {
  CHECK_FALSE(objection("framework/kernels/x.cpp", "framework/core/tensor.hpp").empty());
  CHECK_FALSE(objection("framework/core/x.cpp", "framework/autograd/node.hpp").empty());
  CHECK_FALSE(objection("framework/nn/x.cpp", "framework/fanin.hpp").empty());
  CHECK_FALSE(objection("framework/ops/x.cpp", "framework/nn/module.hpp").empty());
  CHECK_FALSE(objection("framework/nn/x.cpp", "framework/io/safetensors.hpp").empty());
  CHECK_FALSE(objection("framework/lab/x.cpp", "models/model.hpp").empty());
  CHECK_FALSE(objection("framework/attic/x.cpp", "framework/core/real.hpp").empty());
  CHECK_FALSE(objection("framework/nn/x.cpp", "module.hpp").empty());
  CHECK(objection("framework/kernels/x.cpp", "framework/core/parallel.hpp").empty());
  CHECK(objection("framework/train/x.cpp", "framework/data/loader.hpp").empty());
  CHECK(objection("models/x.cpp", "datasets/idx.hpp").empty());
  CHECK(objection("examples/x.cpp", "framework/lab/grid.hpp").empty());
}
