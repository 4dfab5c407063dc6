#pragma once
#include <string>
#include <vector>

#include <fanin/init/plan.hpp>

namespace fanin::program {

/// The weight files that rules of a plan select from.
std::vector<std::string> files_of(const init::Plan& plan);

/// The checksums of weight files, and of all that their tensors lie in (shards, external data), each behind a
/// space: what is made from older weights is not taken for what these give.
std::string checksums(const std::vector<std::string>& files);

}  // namespace fanin::program
