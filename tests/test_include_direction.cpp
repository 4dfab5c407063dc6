// Floors, ground first: core → kernels, io, statistics, linalg → random → autograd → ops → init → nn → optim, data → start →
// train → probe → compare → models, datasets → examples. A file includes only its own floor or lower ones; there are no exceptions.
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

/// What each room may include besides itself: all of the floors below it.
const std::map<std::string, Rooms>& below() {
  static const std::map<std::string, Rooms> all = [] {
    std::map<std::string, Rooms> rooms;
    Rooms reach;
    for (const Rooms& floor : std::vector<Rooms>{{"core"},
                                                 {"kernels", "io", "statistics", "linalg"},
                                                 {"random"},
                                                 {"autograd"},
                                                 {"ops"},
                                                 {"init"},
                                                 {"nn"},
                                                 {"optim", "data"},
                                                 {"start"},
                                                 {"train"},
                                                 {"probe"},
                                                 {"compare"},
                                                 {"public"},
                                                 {"models", "datasets"},
                                                 {"examples"}}) {
      for (const auto& room : floor) rooms[room] = reach;
      reach.insert(floor.begin(), floor.end());
    }
    return rooms;
  }();
  return all;
}

/// The room of a path from the repository's root: "framework/fanin/core/shape.hpp" → "core", "models/mlp.cpp" → "models";
/// "public" for the headers that stand above all rooms, fanin.hpp and its like.
std::string room_of(const std::string& path) {
  const std::string library = "framework/fanin/";
  const std::string inside = path.starts_with(library) ? path.substr(library.size()) : path;
  const auto slash = inside.find('/');
  if (slash != std::string::npos) return inside.substr(0, slash);
  return path.starts_with(library) ? "public" : "";
}

/// Why `file` may not include `included`; empty when it may.
std::string objection(const std::string& file, const std::string& included) {
  if (!fs::exists(included)) return "no such file from the repository's root";
  const std::string room = room_of(file), other = room_of(included);
  const auto rooms = below().find(room);
  if (rooms == below().end()) return "the room '" + room + "' is on no floor";
  return room == other || rooms->second.contains(other) ? "" : room + " is below " + other;
}

/// The files of this repository that a file includes, as paths from its root: "…" as it stands, <fanin/…> in framework/.
std::vector<std::string> includes_of(const fs::path& path) {
  std::vector<std::string> all;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') continue;
    const auto open = line.find_first_of("\"<", hash);
    if (open == std::string::npos) continue;  // #include NAME, #pragma once
    const auto close = line.find_first_of("\">", open + 1);
    if (close == std::string::npos) continue;
    const std::string name = line.substr(open + 1, close - open - 1);
    const bool names_a_file = line.find("include") < open || name.ends_with(".inl");
    if (!names_a_file) continue;
    if (line[open] == '"' && !name.starts_with("fanin/")) all.push_back(name);
    if (name.starts_with("fanin/")) all.push_back("framework/" + name);
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
      if (extension != ".cpp" && extension != ".hpp" && extension != ".inl") continue;
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
  CHECK_FALSE(objection("framework/fanin/core/x.cpp", "framework/fanin/autograd/node.hpp").empty());
  CHECK_FALSE(objection("framework/fanin/core/x.cpp", "framework/fanin/kernels/gemm/gemm.hpp").empty());
  CHECK_FALSE(objection("framework/fanin/kernels/x.cpp", "framework/fanin/random/generator.hpp").empty());
  CHECK_FALSE(objection("framework/fanin/nn/x.cpp", "framework/fanin/fanin.hpp").empty());
  CHECK_FALSE(objection("framework/fanin/ops/x.cpp", "framework/fanin/nn/module.hpp").empty());
  CHECK_FALSE(objection("framework/fanin/nn/x.cpp", "framework/fanin/start/initialize.hpp").empty());
  CHECK_FALSE(objection("framework/fanin/io/x.cpp", "framework/fanin/nn/module.hpp").empty());
  CHECK_FALSE(objection("framework/fanin/probe/x.cpp", "framework/fanin/compare/grid.hpp").empty());
  CHECK_FALSE(objection("framework/fanin/compare/x.cpp", "framework/fanin/models.hpp").empty());
  CHECK_FALSE(objection("framework/fanin/attic/x.cpp", "framework/fanin/core/real.hpp").empty());
  CHECK_FALSE(objection("framework/fanin/nn/x.cpp", "module.hpp").empty());
  CHECK(objection("framework/fanin/kernels/x.cpp", "framework/fanin/core/parallel.hpp").empty());
  CHECK(objection("framework/fanin/train/x.cpp", "framework/fanin/data/loader.hpp").empty());
  CHECK_FALSE(objection("models/x.cpp", "datasets/idx.hpp").empty());
  CHECK(objection("examples/x.cpp", "framework/fanin/compare/grid.hpp").empty());
}
