#pragma once
#include <optional>
#include <string>
#include <vector>

#include <fanin/io/tensor_file.hpp>
#include <fanin/start/adapt.hpp>
#include <fanin/start/rename.hpp>

namespace fanin::start {

/// How tensors change on their way from a file to another.
struct ConvertOptions {
  /// Of the floating-point tensors: F32, F16 or BF16; integers stay as they are.
  std::optional<io::DType> dtype{};
  Renaming renaming{};  ///< of the tensors, before all below
  /// By the new names: rules that `reorders` knows; others want a model's shapes: Error (usage).
  std::vector<AdaptRule> adapt{};
  /// Globs on the new names; empty: all. One that matches nothing is an Error (usage).
  std::vector<std::string> only{};
};

/// What a conversion changed: nothing is lost without being counted here.
struct Conversion {
  Index tensors = 0, elements = 0;         ///< that were written
  Index cast = 0;                          ///< tensors that got another dtype
  Index rounded = 0;                       ///< elements whose value is not exactly the one before
  Index underflowed = 0;                   ///< of those, not zero before and zero now
  double largest_rounding = 0;             ///< largest relative change of an element that is not zero now
  std::vector<std::string> lost_metadata;  ///< keys the new format has no place for
};

using io::format_for;  ///< of a file's name

/// Writes the tensors of `file` to `path`, atomically. Error, with nothing written, when a finite number
/// would become infinite in the new dtype.
Conversion convert(const io::TensorFile& file, const std::string& path, const ConvertOptions& options = {});

}  // namespace fanin::start
