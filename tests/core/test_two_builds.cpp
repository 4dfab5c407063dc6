// A program compiled for one build of the engine must not link with the library of the other, nor with both.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/io/scratch.hpp"

namespace {

namespace fs = std::filesystem;

/// Public headers whose functions mention `real` in no signature, in one, and not at all.
constexpr const char* source = R"(
#include <fanin/nn/module.hpp>
#include <fanin/core/tensor.hpp>
int count(fanin::nn::Module& model) { return static_cast<int>(model.parameter_count()); }
int main() { return fanin::Tensor::zeros({2}).numel() == 2 ? 0 : 1; }
)";

bool runs(const std::string& command) {
  return std::system((command + " 2>/dev/null >/dev/null").c_str()) == 0;
}

TEST_CASE("headers of one build and the library of the other do not link") {
  const char* program = std::getenv("FANIN_BIN");
  const fs::path build = program ? fs::path(program).parent_path() : fs::path("build");
  const std::string as_float = (build / "libfanin.a").string(),
                    as_double = (build / "libfanin_double.a").string();
  REQUIRE_MESSAGE(fs::exists(as_float), as_float, " is not there: make program");
  REQUIRE_MESSAGE(fs::exists(as_double), as_double, " is not there: make tests");
  const char* chosen = std::getenv("FANIN_SANITIZE");
  const std::string flags = chosen ? chosen : "";
  const Scratch scratch;
  std::ofstream(scratch / "x.cpp") << source;
  const std::string compile = "g++ -std=c++20 -O1 -Iframework -I. -ffunction-sections -fdata-sections " +
                              flags + " -c " + (scratch / "x.cpp");
  REQUIRE(runs(compile + " -o " + (scratch / "float.o")));
  REQUIRE(runs(compile + " -DFANIN_DOUBLE -o " + (scratch / "double.o")));
  const auto links = [&](const std::string& object, const std::string& libraries) {
    return runs("g++ -Wl,--gc-sections " + flags + " " + (scratch / object) + " " + libraries + " -o " +
                (scratch / "x") + " -lfmt -pthread") &&
           runs(scratch / "x");
  };
  CHECK(links("float.o", as_float));
  CHECK(links("double.o", as_double));
  CHECK(!links("double.o", as_float));
  CHECK(!links("float.o", as_double));
  CHECK(!links("double.o", as_float + " " + as_double));
}

}  // namespace
