#include "examples/fanin/version_text.hpp"

#include <fmt/format.h>
#include <gif_lib.h>
#include <libdeflate.h>
#include <png.h>
#include <zlib.h>

#include <CLI/Version.hpp>
#include <boost/version.hpp>
#include <nlohmann/json.hpp>

#include <fanin/core/version.hpp>
#include <fanin/train/provenance.hpp>

#include "examples/fanin/mpi_ranks.hpp"

namespace fanin::program {

std::string version_text() {
#ifdef __clang__
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "g++ " __VERSION__;
#endif
  return fmt::format(
      "fanin {}\n"
      "compiled by {}, C++ {}\n"
      "instruction set: {}\n"
      "linked: fmt {}.{}.{}, zlib {}, libdeflate {}, libpng {}, giflib {}.{}.{}\n"
      "headers: nlohmann-json {}.{}.{}, CLI11 {}, Boost {}.{}, stb\n"
      "MPI: {}",
      version, compiler, __cplusplus, train::instruction_set(), FMT_VERSION / 10000, FMT_VERSION / 100 % 100,
      FMT_VERSION % 100, zlibVersion(), LIBDEFLATE_VERSION_STRING, png_get_libpng_ver(nullptr), GIFLIB_MAJOR,
      GIFLIB_MINOR, GIFLIB_RELEASE, NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
      NLOHMANN_JSON_VERSION_PATCH, CLI11_VERSION, BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
      mpi_text());
}

}  // namespace fanin::program
