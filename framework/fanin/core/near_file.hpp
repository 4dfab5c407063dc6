#pragma once
#include <string>

namespace fanin {

/// For a path at which there is nothing: "; did you mean 'lenet.safetensors'?", of what lies in its folder (or, where that
/// is missing too, in the nearest one above that is there). Empty where nothing is alike.
std::string suggest_file(const std::string& path);

}  // namespace fanin
