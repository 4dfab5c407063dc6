#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <fanin/io/dtype.hpp>

namespace fanin::io {

/// For files that are none of ours: what one is, told by its content, and what to do about it: "a Git LFS
/// pointer, …: run git lfs pull". Empty where nothing is known.
std::string file_kind(Bytes bytes);

/// @{
/// The same of a zip archive with these members, and of the folder at this path.
std::string archive_kind(const std::vector<std::string_view>& members);
std::string folder_kind(const std::string& path);
/// @}

}  // namespace fanin::io
