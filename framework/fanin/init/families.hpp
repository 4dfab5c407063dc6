#pragma once
#include <vector>

#include <fanin/init/scheme.hpp>

// The families that the registry (scheme.cpp) begins with, each in the file of its name.
namespace fanin::init {

/// @{
/// A family's schemes, in the order in which they are listed.
std::vector<SchemeInfo> constant_family();
std::vector<SchemeInfo> random_family();
std::vector<SchemeInfo> variance_scaling_family();
std::vector<SchemeInfo> orthogonal_family();
std::vector<SchemeInfo> sparse_family();
std::vector<SchemeInfo> identity_family();
std::vector<SchemeInfo> classic_family();
std::vector<SchemeInfo> mean_field_family();
std::vector<SchemeInfo> structural_family();
/// @}

}  // namespace fanin::init
