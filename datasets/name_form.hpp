#pragma once
#include <string>
#include <string_view>

namespace fanin::datasets {

/// A name with its composed letters taken apart ("é" as "e" and an accent): equal for names that look the
/// same and differ in their Unicode form alone, as when a folder has been on a Mac. Latin, Greek, Cyrillic,
/// kana and Korean; bytes that are not UTF-8 stay as they are.
std::string decomposed(std::string_view name);

/// That, in small letters: equal for names that a file system without case takes for one.
std::string without_case(std::string_view name);

}  // namespace fanin::datasets
