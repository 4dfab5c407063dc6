#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace fanin::io {

/// The numbers of the JSON list `text`, which a file's metadata holds under `key`. Error naming `path` and
/// `key` for a text that is no such list, for a number outside [least, most], and for more than `limit` of
/// them: a file's own words cost no memory.
std::vector<double> metadata_numbers(const std::string& path, const std::string& key, const std::string& text,
                                     std::size_t limit, double least, double most);

/// What a model may be fed with: bounds of the saved means and standard deviations, of pixel/255.
inline constexpr double least_mean = -1e4, most_mean = 1e4, least_stddev = 1e-6, most_stddev = 1e6;

}  // namespace fanin::io
