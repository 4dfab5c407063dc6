// A program compiled for one build of the engine must not link with the library of the other, nor with both.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/io/scratch.hpp"
#include "tests/program/command.hpp"

namespace {

namespace fs = std::filesystem;

/// Programs that see `real` in what they call, in none of it, or use nothing of what they include.
constexpr const char* sources[] = {R"(
#include <fanin/nn/module.hpp>
#include <fanin/core/tensor.hpp>
int count(fanin::nn::Module& model) { return static_cast<int>(model.parameter_count()); }
int main() { return fanin::Tensor::zeros({2}).numel() == 2 ? 0 : 1; }
)",
                                   R"(
#include <fanin/kernels/pointwise/activation.hpp>
int main() { return fanin::kernels::backward_needs_input({fanin::kernels::Activation::Kind::relu}) ? 1 : 0; }
)",
                                   R"(
#include <fanin/core/shape.hpp>
int main() { return fanin::Shape({2, 3}).numel() == 6 ? 0 : 1; }
)",
                                   "#include <fanin/core/real.hpp>\nint main() {}\n"};

// Sanitizers of one compiler do not link with another's.
#ifdef __clang__
const std::string compiler = "clang++";
#else
const std::string compiler = "g++";
#endif

bool runs(const std::string& command) {
  return std::system((command + " 2>/dev/null >/dev/null").c_str()) == 0;
}

TEST_CASE("headers of one build and the library of the other do not link") {
  const fs::path build = fs::path(fanin_path()).parent_path();
  const std::string as_float = (build / "libfanin.a").string(),
                    as_double = (build / "libfanin_double.a").string();
  REQUIRE_MESSAGE(fs::exists(as_float), as_float, " is not there: make program");
  REQUIRE_MESSAGE(fs::exists(as_double), as_double, " is not there: make tests");
  const char* chosen = std::getenv("FANIN_SANITIZE");
  const std::string flags = chosen ? chosen : "";
  const Scratch scratch;
  const std::string compile = compiler +
                              " -std=c++20 -O1 -Iframework -I. -ffunction-sections -fdata-sections " + flags +
                              " -c " + (scratch / "x.cpp");
  const auto links = [&](const std::string& object, const std::string& libraries) {
    return runs(compiler + " -Wl,--gc-sections " + flags + " " + (scratch / object) + " " + libraries +
                " -o " + (scratch / "x") + " -lfmt -pthread") &&
           runs(scratch / "x");
  };
  for (const char* source : sources) {
    CAPTURE(source);
    std::ofstream(scratch / "x.cpp") << source;
    REQUIRE(runs(compile + " -o " + (scratch / "float.o")));
    REQUIRE(runs(compile + " -DFANIN_DOUBLE -o " + (scratch / "double.o")));
    CHECK(links("float.o", as_float));
    CHECK(links("double.o", as_double));
    CHECK(!links("double.o", as_float));
    CHECK(!links("float.o", as_double));
    // What calls the library, with both: the first has what it calls, and not what says of which build it is.
    if (source == sources[0]) CHECK(!links("double.o", as_float + " " + as_double));
  }
}

}  // namespace
