#pragma once
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "framework/core/error.hpp"

namespace fanin {

/// A program's exit code: what `body` returns, or 2 for a wrong command line and 1 for any other error, told
/// in a line on stderr.
template <class Body>
int guarded(const CLI::App& app, const Body& body) {
  const auto report = [&app](const char* message, int code) {
    fmt::print(stderr, "{}: {}\n", app.get_name(), message);
    return code;
  };
  try {
    return body();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const Error& error) {
    return report(error.what(), error.blame() == Blame::usage ? 2 : 1);
  } catch (const std::exception& error) {
    return report(error.what(), 1);
  }
}

}  // namespace fanin
