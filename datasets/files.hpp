#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace fanin::datasets {

/// Where the data set `name` lies: $FANIN_DATA/name, ./data/name, or one of `more`; the last of these when
/// none is there.
std::string find_data_folder(const std::string& name, const std::vector<std::string>& more = {});

/// `bytes` zeros, in huge pages where the system has them: touching 47 MB in small ones takes longer than
/// inflating into them.
std::vector<std::uint8_t> large_vector(std::size_t bytes);

/// A regular file's bytes, at most 4 GiB; Error naming the path, `what` was expected ("IDX data") and, in the
/// words of `how_to_get`, what to do.
std::vector<std::uint8_t> read_data_file(const std::string& path, const std::string& what,
                                         const std::string& how_to_get);

/// The size of such a file, which can be opened; the same Errors.
std::uint64_t data_file_size(const std::string& path, const std::string& what, const std::string& how_to_get);

/// The end of a message about missing or broken data: "; get it with: make data-mnist", or nothing.
std::string advice(const std::string& how_to_get);

constexpr std::uint64_t max_data_bytes = std::uint64_t{1} << 32;

}  // namespace fanin::datasets
