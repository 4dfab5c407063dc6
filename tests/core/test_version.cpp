#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fanin/version.hpp>

TEST_CASE("version: the numbers for #if are those of the text") {
  CHECK(fmt::format("{}.{}.{}", FANIN_VERSION_MAJOR, FANIN_VERSION_MINOR, FANIN_VERSION_PATCH) ==
        fanin::version);
}
