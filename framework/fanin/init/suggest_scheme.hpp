#pragma once
#include <string>

namespace fanin::init {

/// "; did you mean 'kaiming_normal'?": the schemes nearest to a name that is none, or those that other
/// frameworks call so ("he_normal", "glorot_uniform", "random_normal").
std::string suggest_scheme(const std::string& name);

}  // namespace fanin::init
