#pragma once
/// @file
/// Which fanin this is: `fanin::version`, and macros for `#if`.
#include <fanin/core/version.hpp>
