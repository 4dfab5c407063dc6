#include <fanin/core/fail.hpp>
#include <fanin/io/json_scanner.hpp>
#include <fanin/io/metadata_numbers.hpp>

namespace fanin::io {

std::vector<double> metadata_numbers(const std::string& path, const std::string& key, const std::string& text,
                                     std::size_t limit, double least, double most) {
  JsonScanner scanner(text, fmt::format("'{}': metadata '{}'", path, key));
  std::vector<double> all;
  for (bool more = scanner.open('['); more; more = scanner.next(']')) {
    const double value = scanner.number();
    if (!(value >= least && value <= most))
      fail("'{}': metadata '{}' holds {}, expected numbers from {} to {}", path, key, value, least, most);
    if (all.size() == limit) fail("'{}': metadata '{}' holds more than {} numbers", path, key, limit);
    all.push_back(value);
  }
  scanner.end();
  return all;
}

}  // namespace fanin::io
