#pragma once
#include <functional>
#include <memory>
#include <string>

#include <fanin/io/mapped_file.hpp>

namespace fanin::io {

/// Opens a file that another one names. Where there is none, a file in memory has nothing beside it.
using OpenBeside = std::function<std::shared_ptr<const MappedFile>(const std::string& name)>;

/// The path of a file called `name` in the folder of `path`. Error where that is no plain name: what a file
/// from a stranger names must not lead anywhere else.
std::string path_beside(const std::string& path, const std::string& name);

/// Opens plain names in the folder of `path`; a symbolic link, which may lead anywhere, is an Error.
OpenBeside open_beside(const std::string& path);

}  // namespace fanin::io
