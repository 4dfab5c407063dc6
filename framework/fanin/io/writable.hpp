#pragma once
#include <string>

namespace fanin::io {

/// Error where a file could not be written at `path`: no such folder, no permission, not a regular file. To
/// be asked before the work whose result it is to hold. Leaves nothing behind.
void require_writable_file(const std::string& path);

/// Makes the folder if needed; Error where that fails, or no file can be made in it.
void require_writable_folder(const std::string& folder);

}  // namespace fanin::io
